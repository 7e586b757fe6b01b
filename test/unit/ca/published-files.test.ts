import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LocalCa } from '../../../src/ca/local-ca.ts';
import { corporate, caInput, caSettings, filesOf, startCa } from './ca-world.ts';

const read = (file: string) => readFileSync(file, 'utf8');
const identityOf = (file: string) => {
  const { ino, mtimeNs } = statSync(file, { bigint: true });
  return `${ino} ${mtimeNs}`;
};

describe('what clients load', () => {
  it('is the CA alone, and the CA with the default trust', async () => {
    const settings = caSettings();
    await startCa(settings);
    const { caFile, bundleFile } = filesOf(settings);
    const [anchor] = corporate.certificates;
    expect(read(caFile).match(/BEGIN/g)).toHaveLength(1);
    expect(read(bundleFile)).toBe(read(caFile) + (anchor?.toString() ?? ''));
    expect(readdirSync(settings.directory).sort()).toEqual(['ca-bundle.pem', 'ca.pem']);
  });

  it('can be read by everybody, whatever the umask', async () => {
    const umask = process.umask(0o077);
    const settings = caSettings();
    await startCa(settings).finally(() => process.umask(umask));
    const { caFile, bundleFile } = filesOf(settings);
    expect(
      [settings.directory, caFile, bundleFile].map((one) => (statSync(one).mode & 0o777).toString(8)),
    ).toEqual(['755', '644', '644']);
  });

  it('is written once, and again only where it is not as it should be', async () => {
    const settings = caSettings();
    const { ca } = await startCa(settings);
    const { caFile, bundleFile } = filesOf(settings);
    const [before, content] = [[caFile, bundleFile].map(identityOf), [caFile, bundleFile].map(read)];
    await ca.refresh(caInput(settings));
    await startCa(settings);
    expect([caFile, bundleFile].map(identityOf)).toEqual(before);
    const spoil = [
      () => rmSync(caFile),
      () => writeFileSync(bundleFile, 'of somebody else'),
      () => writeFileSync(caFile, `${read(caFile).slice(0, -1)} `),
      () => chmodSync(bundleFile, 0o600),
      () => rmSync(settings.directory, { recursive: true }),
    ];
    for (const change of spoil) {
      change();
      await ca.refresh(caInput(settings));
      expect([caFile, bundleFile].map(read)).toEqual(content);
      expect(statSync(bundleFile).mode & 0o777).toBe(0o644);
    }
  });

  it('is never written through a symbolic link', async () => {
    const settings = caSettings();
    const { caFile } = filesOf(settings);
    const other = path.join(path.dirname(settings.directory), 'other');
    writeFileSync(other, 'precious');
    mkdirSync(settings.directory);
    symlinkSync(other, caFile);
    await startCa(settings);
    expect(read(other)).toBe('precious');
    expect(read(caFile)).toContain('BEGIN CERTIFICATE');
  });

  it('follows the default trust', async () => {
    const settings = caSettings();
    const { ca } = await startCa(settings);
    const { bundleFile } = filesOf(settings);
    const before = read(bundleFile);
    // Where that has become unusable the last good bundle stays.
    await ca.refresh(caInput(settings, { defaultTrust: undefined }));
    expect(read(bundleFile)).toBe(before);
    expect(ca.fault).toBeUndefined();
    await ca.refresh(caInput(settings, { defaultTrust: { ...corporate, certificates: [] } }));
    expect(read(bundleFile)).toBe(read(filesOf(settings).caFile));
  });
});

describe('where it cannot be published there is no CA, and it is tried again', () => {
  it('a file in the place of the directory', async () => {
    const settings = caSettings();
    writeFileSync(settings.directory, '');
    const { ca } = await startCa(settings);
    expect(ca.fault).toEqual({
      severity: 'error',
      message: `${settings.directory}, where clients find the CA, cannot be written: something on its path is no directory`,
      hint: 'let the user that runs the sidecar write it, or name another ca.directory',
    });
    expect(ca.contextFor('mcp.test')).toEqual(ca.fault);
    rmSync(settings.directory);
    await ca.refresh(caInput(settings));
    expect(ca.fault).toBeUndefined();
  });

  it('a default trust that cannot be used, at the start', async () => {
    const settings = caSettings();
    const ca = new LocalCa(settings);
    await ca.refresh(caInput(settings, { defaultTrust: undefined }));
    expect(ca.fault).toEqual({
      severity: 'error',
      message: 'ca-bundle.pem cannot be written: the default trust that belongs into it cannot be used',
      hint: 'mend the default trust: SSL_CERT_FILE and SSL_CERT_DIR if they are set, else the store of the system',
    });
    await ca.refresh(caInput(settings));
    expect(ca.fault).toBeUndefined();
  });

  it('before the first refresh', () => {
    const ca = new LocalCa(caSettings());
    expect(ca.fault?.message).toBe('the CA is not loaded yet');
    expect(ca.contextFor('mcp.test')).toEqual(ca.fault);
    expect(ca.notAfterMs).toBeUndefined();
  });
});

import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportKey, generateKeyPair } from '../../../certs-fixtures/key-pairs.ts';
import { inspectCa } from '../../../src/ca/inspect-ca.ts';
import type { CaSettings } from '../../../src/config/config.ts';
import { FileReader } from '../../../src/trust/load-bundle.ts';
import { caInput, caSettings, dayMs, filesOf, permit, startCa } from './ca-world.ts';

/** Of a user that may do so: file owners are changed. */
const isRoot = process.geteuid?.() === 0;
const foreignGid = 54_321;

async function faultsOf(settings: CaSettings): Promise<string[]> {
  const { faults } = await inspectCa(settings, new FileReader());
  return faults.map(({ severity, message }) => `${severity}: ${message}`);
}

/** Settings whose CA was made, and then something was done to it. */
async function made(change?: (files: ReturnType<typeof filesOf>) => void): Promise<CaSettings> {
  const settings = caSettings();
  await startCa(settings);
  change?.(filesOf(settings));
  return settings;
}

describe('the state', () => {
  it('is written for its owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    const settings = await made().finally(() => process.umask(umask));
    const { stateDirectory, stateFile } = filesOf(settings);
    const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect(modeOf(stateFile)).toBe('600');
    expect([stateDirectory, path.dirname(stateDirectory)].map(modeOf)).toEqual(['700', '700']);
    expect(await faultsOf(settings)).toEqual([]);
    expect(readFileSync(filesOf(settings).caFile, 'utf8')).not.toContain('PRIVATE KEY');
    expect(readFileSync(filesOf(settings).bundleFile, 'utf8')).not.toContain('PRIVATE KEY');
  });

  it('is not made by an inspection', async () => {
    const settings = caSettings();
    expect(await faultsOf(settings)).toEqual([]);
    expect(() => statSync(settings.stateDirectory ?? '')).toThrow('ENOENT');
    expect(() => statSync(settings.directory)).toThrow('ENOENT');
  });
});

describe('state that is open to others', () => {
  it.each([
    ['stateFile', 0o604, '600'],
    ['stateFile', 0o602, '600'],
    ['stateDirectory', 0o701, '700'],
    ['stateDirectory', 0o755, '700'],
  ] as const)('to everybody is an error: %s %o', async (which, mode, remedy) => {
    const settings = await made((files) => chmodSync(files[which], mode));
    const open = filesOf(settings)[which];
    const { faults } = await inspectCa(settings, new FileReader());
    expect(faults).toEqual([
      {
        severity: 'error',
        message: `${open}, which guards the CA's key, is open to everybody`,
        hint: `run chmod ${remedy} ${open}; whoever read the key can impersonate any server: if that may be, stop the sidecar and remove the state, so that a new CA is made`,
      },
    ]);
    const { ca } = await startCa(settings);
    expect(ca.fault).toEqual(faults[0]);
    expect(ca.contextFor('mcp.test')).toEqual(faults[0]);
    chmodSync(open, which === 'stateFile' ? 0o600 : 0o700);
    await ca.refresh(caInput(settings));
    expect(ca.fault).toBeUndefined();
  });

  it('to our own group is a warning', async () => {
    const settings = await made(({ stateFile }) => {
      chownSync(stateFile, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
      chmodSync(stateFile, 0o640);
    });
    expect(await faultsOf(settings)).toEqual([
      `warning: ${filesOf(settings).stateFile}, which guards the CA's key, is open to the group ${process.getgid?.()}`,
    ]);
    expect((await startCa(settings)).ca.fault).toBeUndefined();
  });

  it.skipIf(!isRoot)('to a group that is not ours is an error (needs root)', async () => {
    const settings = await made(({ stateDirectory }) => {
      chownSync(stateDirectory, 0, foreignGid);
      chmodSync(stateDirectory, 0o750);
    });
    expect(await faultsOf(settings)).toEqual([
      `error: ${filesOf(settings).stateDirectory}, which guards the CA's key, is open to the group ${foreignGid}`,
    ]);
  });

  it.skipIf(!isRoot).each(['stateFile', 'stateDirectory'] as const)(
    'because it is of another user is an error: %s (needs root)',
    async (which) => {
      const settings = await made((files) => chownSync(files[which], 12_345, 0));
      expect(await faultsOf(settings)).toEqual([
        `error: ${filesOf(settings)[which]} belongs to another user (uid 12345)`,
      ]);
      expect((await startCa(settings)).ca.fault?.message).toContain('belongs to another user');
    },
  );
});

describe('state inside of the public directory', () => {
  const hint = 'clients read ca.directory: name another ca.state_directory, or another ca.directory';
  const inside = (settings: CaSettings) => ({
    severity: 'error',
    message: `${filesOf(settings).stateDirectory}, where the CA's key is kept, lies inside of ca.directory`,
    hint,
  });

  it.each([
    ['the same', ({ directory }: CaSettings) => directory],
    ['below', ({ directory }: CaSettings) => path.join(directory, 'private', 'state')],
    ['below by a detour', ({ directory }: CaSettings) => `${directory}/../public/state`],
  ])('is an error: %s', async (_title, stateOf) => {
    const base = caSettings();
    const settings = { ...base, stateDirectory: stateOf(base) };
    const { ca } = await startCa(settings);
    expect((await inspectCa(settings, new FileReader())).faults).toEqual([inside(settings)]);
    expect(ca.fault).toEqual(inside(settings));
    expect(() => statSync(filesOf(settings).stateFile)).toThrow('ENOENT');
  });

  it('is an error also through a symbolic link', async () => {
    const settings = caSettings();
    const hidden = path.join(settings.directory, 'hidden');
    mkdirSync(hidden, { recursive: true });
    symlinkSync(hidden, path.dirname(settings.stateDirectory ?? ''));
    expect((await startCa(settings)).ca.fault).toEqual(inside(settings));
  });

  it('is an error the other way round too: what is public would be written over the key', async () => {
    const base = caSettings();
    const settings = { ...base, directory: filesOf(base).stateDirectory };
    expect((await startCa(settings)).ca.fault).toMatchObject({ severity: 'error', hint });
    const below = { ...base, directory: path.join(filesOf(base).stateDirectory, 'public') };
    expect((await startCa(below)).ca.fault).toEqual({
      severity: 'error',
      message: `ca.directory lies inside of ${filesOf(base).stateDirectory}, where the CA's key is kept`,
      hint,
    });
  });

  it('is not: a name that begins alike', async () => {
    const base = caSettings();
    const settings = { ...base, stateDirectory: `${base.directory}-state` };
    expect((await startCa(settings)).ca.fault).toBeUndefined();
  });
});

describe('state that cannot be used is an error and stays as it is', () => {
  it.each([
    ['empty', () => ''],
    ['cut short', (text: string) => text.slice(0, -200)],
    ['without its key', (text: string) => text.slice(0, text.indexOf('-----BEGIN PRIVATE'))],
    ['with something behind', (text: string) => `${text}\nnoise`],
    [
      'with the key of another',
      (text: string) =>
        text.replace(
          /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/,
          exportKey(generateKeyPair()),
        ),
    ],
  ])('%s', async (_title, change) => {
    const settings = await made(({ stateFile }) =>
      writeFileSync(stateFile, change(readFileSync(stateFile, 'utf8'))),
    );
    const { stateFile } = filesOf(settings);
    const before = readFileSync(stateFile, 'utf8');
    const { ca } = await startCa(settings);
    expect(ca.fault).toEqual({
      severity: 'error',
      message: `${stateFile} does not hold the CA's certificate and the key that fits it`,
      hint: 'restore it; or remove it, and a new CA is made: clients must then load ca-bundle.pem anew',
    });
    expect(readFileSync(stateFile, 'utf8')).toBe(before);
    expect(await faultsOf(settings)).toEqual([`error: ${ca.fault?.message}`]);
  });

  it('a directory in its place', async () => {
    const settings = await made(({ stateFile }) => {
      rmSync(stateFile);
      mkdirSync(stateFile, { mode: 0o700 });
    });
    expect((await startCa(settings)).ca.fault?.severity).toBe('error');
  });

  it('a file in the place of its directory', async () => {
    const settings = caSettings();
    writeFileSync(path.dirname(settings.stateDirectory ?? ''), '');
    expect((await startCa(settings)).ca.fault).toEqual({
      severity: 'error',
      message: `${filesOf(settings).stateFile} cannot be read: something on its path is no directory`,
      hint: 'let the user that runs the sidecar read it, or name another ca.state_directory',
    });
  });
});

describe('what clients believe', () => {
  it('stays the same over a restart', async () => {
    const settings = await made();
    const { caFile, bundleFile } = filesOf(settings);
    const before = [caFile, bundleFile].map((file) => readFileSync(file, 'utf8'));
    rmSync(settings.directory, { recursive: true });
    await startCa(settings);
    expect([caFile, bundleFile].map((file) => readFileSync(file, 'utf8'))).toEqual(before);
  });

  it('goes on while the state is in trouble, which is told once', async () => {
    const settings = caSettings();
    const { ca, told } = await startCa(settings);
    const { stateFile } = filesOf(settings);
    writeFileSync(stateFile, 'noise');
    const { caFile } = filesOf(settings);
    const published = readFileSync(caFile, 'utf8');
    rmSync(caFile);
    await ca.refresh(caInput(settings));
    await ca.refresh(caInput(settings));
    expect(readFileSync(caFile, 'utf8')).toBe(published);
    expect(ca.fault).toBeUndefined();
    expect(ca.contextFor('mcp.test')).not.toHaveProperty('severity');
    expect(told.map(({ message }) => message)).toEqual([
      `${stateFile} does not hold the CA's certificate and the key that fits it`,
    ]);
  });

  it('is written again where the state was removed under a running sidecar', async () => {
    const settings = caSettings();
    const { ca } = await startCa(settings);
    const { stateFile, caFile, stateDirectory } = filesOf(settings);
    const before = readFileSync(stateFile, 'utf8');
    const published = readFileSync(caFile, 'utf8');
    renameSync(stateDirectory, `${stateDirectory}-gone`);
    await ca.refresh(caInput(settings));
    expect(readFileSync(stateFile, 'utf8')).toBe(before);
    expect(readFileSync(caFile, 'utf8')).toBe(published);
  });

  it('is lost where no state is kept, which a load warns of', async () => {
    const settings = caSettings({ stateDirectory: undefined });
    expect((await inspectCa(settings, new FileReader())).faults).toEqual([
      {
        severity: 'warning',
        message:
          'the key of the CA is kept in memory only, so that clients must load ca-bundle.pem anew after each restart',
        hint: 'name a ca.state_directory, or set HOME, XDG_STATE_HOME or STATE_DIRECTORY',
      },
    ]);
    expect((await startCa(settings)).ca.fault).toBeUndefined();
  });

  it('is made anew at once where permitted_domains changed, which is said', async () => {
    const settings = await made();
    const before = readFileSync(filesOf(settings).caFile, 'utf8');
    const narrowed = { ...settings, permittedDomains: [permit('corp.test')] };
    expect(await faultsOf(narrowed)).toEqual([
      'warning: the CA is replaced by a new one: ca.permitted_domains changed',
    ]);
    const { ca, told } = await startCa(narrowed);
    expect(told.map(({ message }) => message)).toEqual([
      'the CA is replaced by a new one: ca.permitted_domains changed',
    ]);
    expect(ca.fault).toBeUndefined();
    const after = readFileSync(filesOf(settings).caFile, 'utf8');
    expect(after).not.toBe(before);
    await startCa(narrowed, { now: () => Date.now() + dayMs });
    expect(readFileSync(filesOf(settings).caFile, 'utf8')).toBe(after);
    // Under a running sidecar, by a reload.
    await ca.refresh(caInput(settings));
    expect(readFileSync(filesOf(settings).caFile, 'utf8')).not.toBe(after);
    expect(ca.contextFor('elsewhere.test')).not.toHaveProperty('severity');
  });
});

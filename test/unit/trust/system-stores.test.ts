import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import {
  loadDefaultTrust,
  systemStores,
  type DefaultTrustOptions,
} from '../../../src/trust/default-trust.ts';
import { FileReader } from '../../../src/trust/load-bundle.ts';
import { FileFault } from '../../../src/trust/read-file.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const ca = createCa({ name: 'of the system' });
const other = createCa({ name: 'other' });

/** Files of a system by their paths: text, or where a symbolic link leads. */
type Files = Readonly<Record<string, string | { readonly to: string }>>;

/** How each system lays its store out, with the links that its packages make. */
const systems: readonly { system: string; files: Files; found: string }[] = [
  {
    system: 'Debian, Ubuntu',
    files: {
      '/etc/ssl/certs/ca-certificates.crt': ca.pem,
      '/etc/ssl/certs/Corp.pem': other.pem,
      '/etc/ssl/certs/0a1b2c3d.0': { to: 'Corp.pem' },
    },
    found: '/etc/ssl/certs/ca-certificates.crt',
  },
  {
    system: 'RHEL, Fedora, CentOS',
    files: {
      '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem': ca.pem,
      '/etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem': other.pem,
      '/etc/pki/tls/certs/ca-bundle.crt': { to: '../../ca-trust/extracted/pem/tls-ca-bundle.pem' },
      '/etc/pki/tls/cert.pem': { to: 'certs/ca-bundle.crt' },
      '/etc/ssl/certs': { to: '../pki/tls/certs' },
    },
    found: '/etc/pki/tls/certs/ca-bundle.crt',
  },
  {
    system: 'RHEL, an image without /etc/pki/tls',
    files: { '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem': ca.pem },
    found: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  },
  {
    system: 'Alpine with ca-certificates',
    files: {
      '/etc/ssl/certs/ca-certificates.crt': ca.pem,
      '/etc/ssl/cert.pem': { to: 'certs/ca-certificates.crt' },
    },
    found: '/etc/ssl/certs/ca-certificates.crt',
  },
  {
    system: 'Alpine as it comes, without ca-certificates',
    files: { '/etc/ssl/cert.pem': ca.pem },
    found: '/etc/ssl/cert.pem',
  },
  {
    system: 'SUSE',
    files: {
      '/var/lib/ca-certificates/ca-bundle.pem': ca.pem,
      '/etc/ssl/ca-bundle.pem': { to: '../../var/lib/ca-certificates/ca-bundle.pem' },
    },
    found: '/etc/ssl/ca-bundle.pem',
  },
];

function layOut(files: Files): string {
  const root = temporaryDirectory();
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true });
    if (typeof content === 'string') writeFileSync(place, content);
    else symlinkSync(content.to, place);
  }
  return root;
}

async function load(options: Partial<DefaultTrustOptions>) {
  const result = await loadDefaultTrust({ env: {}, files: new FileReader(), platform: 'linux', ...options });
  if (result instanceof FileFault) return result.message;
  const { root = '' } = options;
  return {
    source: result.source.replace(root, ''),
    subjects: result.certificates.map(({ subject }) => subject),
  };
}

describe('the store of the operating system', () => {
  it.each(systems)('is found on $system', async ({ files, found }) => {
    expect(await load({ root: layOut(files) })).toEqual({ source: found, subjects: ['CN=of the system'] });
  });

  it.each(systemStores)('is looked for at $file', async ({ file }) => {
    expect(await load({ root: layOut({ [file]: ca.pem }) })).toMatchObject({ source: file });
    const earlier = systemStores[systemStores.findIndex((one) => one.file === file) - 1]?.file;
    const both = layOut({ [file]: other.pem, ...(earlier && { [earlier]: ca.pem }) });
    expect(await load({ root: both })).toMatchObject({ source: earlier ?? file });
  });

  it('is the keychain on macOS, and a file only where that gives nothing', async () => {
    const root = layOut({ '/etc/ssl/cert.pem': other.pem });
    const mac = { root, platform: 'darwin' } as const;
    expect(await load({ ...mac, keychain: () => [ca.pem] })).toEqual({
      source: 'the system keychain',
      subjects: ['CN=of the system'],
    });
    expect(await load({ ...mac, keychain: () => [] })).toMatchObject({ source: '/etc/ssl/cert.pem' });
    expect(await load({ root, keychain: () => [ca.pem] })).toMatchObject({ source: '/etc/ssl/cert.pem' });
  });

  it('is the Mozilla roots inside Node where the system has none, a directory in its place included', async () => {
    const bundled = { source: 'the Mozilla roots inside Node' };
    expect(await load({ root: temporaryDirectory() })).toMatchObject(bundled);
    const root = layOut({ '/etc/ssl/cert.pem/one.pem': ca.pem });
    const trust = await load({ root });
    expect(trust).toMatchObject(bundled);
    expect(trust).toHaveProperty('subjects.length', new Set(getCACertificates('bundled')).size);
  });

  it('is an error where it is there and holds nothing: the next one would be another trust', async () => {
    const files = { '/etc/ssl/certs/ca-certificates.crt': '', '/etc/ssl/cert.pem': ca.pem };
    expect(await load({ root: layOut(files) })).toBe('is empty');
  });

  it('is not asked where SSL_CERT_FILE is set', async () => {
    const root = layOut({ '/etc/ssl/cert.pem': other.pem, '/named.pem': ca.pem });
    const trust = await load({ root, env: { SSL_CERT_FILE: join(root, 'named.pem') } });
    expect(trust).toEqual({ source: 'SSL_CERT_FILE /named.pem', subjects: ['CN=of the system'] });
  });

  it('is documented, place by place and in this order', () => {
    const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\/etc\/\S+)` \| (.*) \|$/gm)].map(([, file, of]) => ({ file, of }));
    expect(rows).toEqual(systemStores);
  });
});

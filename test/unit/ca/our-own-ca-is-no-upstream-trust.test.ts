import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { crossSign, generateCa } from '../../../src/ca/generated-ca.ts';
import { withoutOwnCertificates } from '../../../src/ca/own-certificates.ts';
import { loadConfig } from '../../../src/snapshot/load-config.ts';
import { createBundle } from '../../../src/trust/bundle.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const corporate = createCa({ name: 'corporate' });
const own = generateCa(Date.now(), []).certificate.toString();

/** Loads a configuration beside these files, with its state and public directory below the same folder. */
async function load(yaml: string, files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}) {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  }
  const file = path.join(directory, 'config.yaml');
  writeFileSync(file, yaml);
  const variables = Object.entries(env).map(([name, value]) => [name, value?.replaceAll('DIR', directory)]);
  const home = { HOME: directory };
  const where = {
    file,
    env: { ...home, ...(Object.fromEntries(variables) as NodeJS.ProcessEnv) },
    workingDirectory: directory,
  };
  const loaded = await loadConfig(where);
  const said = loaded.problems.map(
    ({ severity, line, message, hint }) =>
      `${severity} ${line}: ${message.replaceAll(`${directory}/`, '')} / ${hint}`,
  );
  return { ...loaded, said, directory, again: () => loadConfig(where, loaded.snapshot) };
}

const server = (trust: string) => `mcp_servers:\n  s: { url: "https://mcp.test/mcp"${trust} }\n`;

describe('our own CA is taken out of', () => {
  it('a bundle: generated, cross-signed, of another sidecar, and what was brought whoever signed it', () => {
    const [one, other] = [generateCa(Date.now(), []), generateCa(Date.now(), [])];
    const brought = corporate.intermediate();
    const crossed = createCa().intermediate({ sameKeyAs: brought });
    const signer = {
      certificate: new X509Certificate(brought.pem),
      key: brought.issuer.privateKey,
      chain: [],
      published: [],
    };
    const nameless = new X509Certificate(corporate.issue('a.test', { commonName: null }).certificate);
    const rest = [new X509Certificate(corporate.pem), nameless];
    const ours = [
      one.certificate,
      crossSign(other, one, []),
      ...[brought, crossed].map(({ pem }) => new X509Certificate(pem)),
    ];
    const bundle = createBundle('test', [...ours, ...rest]);
    expect(withoutOwnCertificates(bundle, signer)?.certificates).toEqual(rest);
    expect(withoutOwnCertificates(createBundle('test', ours), signer)).toBeUndefined();
    expect(withoutOwnCertificates(createBundle('test', ours), undefined)?.certificates).toHaveLength(2);
    const clean = createBundle('test', rest);
    expect(withoutOwnCertificates(clean, signer)).toBe(clean);
  });

  it('a bundle that an entry names, with a warning', async () => {
    const { said, snapshot } = await load(server(', ssl_verify: mixed.pem'), {
      'mixed.pem': own + corporate.pem,
    });
    expect(said).toEqual([
      "warning 2: ssl_verify of s: the sidecar's own CA, which is in it, is left out / remove it from the bundle: that CA is for clients of the sidecar, no server has a certificate of it",
    ]);
    expect(snapshot?.table.entries[0]?.policy?.bundle?.certificates.map(String)).toEqual([corporate.pem]);
  });

  it('a bundle that holds nothing else, which spoils the entry', async () => {
    const { said, snapshot } = await load(server(', ssl_verify: own.pem'), { 'own.pem': own });
    expect(said).toEqual([
      "error 2: ssl_verify of s: own.pem holds nothing but the sidecar's own CA, which is for its clients / name the CA that issued the certificate of the server",
    ]);
    expect(snapshot?.table.entries[0]?.state).toBe('unusable');
  });

  it('the default trust, and what is published of that', async () => {
    const files = { 'elsewhere/roots.pem': own + corporate.pem };
    const { said, snapshot } = await load(server(''), files, { SSL_CERT_FILE: 'DIR/elsewhere/roots.pem' });
    expect(said).toEqual([]);
    expect(snapshot?.ca.defaultTrust?.certificates.map(String)).toEqual([corporate.pem]);
    expect(snapshot?.table.entries[0]?.policy?.bundle?.certificates.map(String)).toEqual([corporate.pem]);
  });
});

describe('SSL_CERT_FILE that names what we publish is an error', () => {
  const files = { 'mcp-tls-sidecar-ca/ca-bundle.pem': own + corporate.pem };
  const unset = 'unset the variable for the sidecar: it is for the clients';
  const lies = (variable: string) =>
    `${variable} lies inside of ca.directory, where the CA for clients is published`;

  it.each([
    ['SSL_CERT_FILE', 'mcp-tls-sidecar-ca/ca-bundle.pem'],
    ['SSL_CERT_DIR', 'mcp-tls-sidecar-ca'],
    ['SSL_CERT_FILE', 'mcp-tls-sidecar-ca/not-there-yet.pem'],
  ])('%s %s', async (variable, file) => {
    const { said } = await load(server(''), files, { [variable]: `DIR/${file}` });
    expect(said).toEqual([
      `error 1: ca: ca-bundle.pem cannot be made without the default trust: ${lies(`${variable} ${file}`)} / ${unset}`,
      `error 2: ssl_verify of s: ${lies(`${variable} ${file}`)} / ${unset}`,
    ]);
  });

  it('also through a symbolic link', async () => {
    const real = temporaryDirectory();
    const link = path.join(temporaryDirectory(), 'link');
    mkdirSync(path.join(real, 'public'));
    symlinkSync(path.join(real, 'public'), link);
    const yaml = `mcp_tls_sidecar:\n  ca: { directory: ${real}/public }\n`;
    const { said } = await load(yaml, {}, { SSL_CERT_FILE: `${link}/ca-bundle.pem` });
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(lies(`SSL_CERT_FILE ${link}/ca-bundle.pem`));
  });
});

describe('a load says what is wrong with the CA', () => {
  it('each intercepted host outside of permitted_domains, and no other', async () => {
    const yaml = `mcp_servers:
  inside: { url: "https://mcp.corp.test/mcp" }
  outside: { url: "https://mcp.other.test/mcp" }
  address: { url: "https://10.2.0.1/mcp" }
  plain: { url: "http://plain.other.test/mcp" }
mcp_tls_sidecar:
  ca: { permitted_domains: [corp.test, 10.1.0.0/16] }
  hosts:
    "*.corp.test": { ssl_verify: true }
    "*.test": { ssl_verify: true }
    "tunnel.other.test": tunnel
    "deny.other.test": deny
`;
    const { said } = await load(yaml, {});
    // At the place that mends it, not at that of the trust.
    const outside = (name: string, host: string, add = host) =>
      `error 7: ${name}: ${host} lies outside of ca.permitted_domains, so that no CONNECT to it can be served / add ${add} to ca.permitted_domains`;
    expect(said).toEqual([
      outside('outside', 'mcp.other.test'),
      outside('address', '10.2.0.1'),
      outside('*.test', '*.test', 'test'),
    ]);
  });

  it('once where the default trust is unusable, whether an entry needs it or not', async () => {
    const { said } = await load(
      server(', ssl_verify: corp.pem'),
      { 'corp.pem': corporate.pem },
      { SSL_CERT_FILE: 'DIR/none.pem' },
    );
    expect(said).toEqual([
      'error 1: ca: ca-bundle.pem cannot be made without the default trust: SSL_CERT_FILE none.pem does not exist / create the file, or correct the path, or unset the variable',
    ]);
  });

  it('at its place in the file, without writing anything', async () => {
    const yaml = 'mcp_tls_sidecar:\n  ca: { certificate: tls.crt, key: tls.key }\n';
    const { said, snapshot, directory } = await load(yaml, { 'tls.crt': corporate.pem });
    expect(said).toEqual(['error 2: ca: tls.key does not exist / create the file, or correct the path']);
    expect(snapshot?.ca.brought).toBeUndefined();
    expect(existsSync(path.join(directory, 'mcp-tls-sidecar-ca'))).toBe(false);
    expect(existsSync(path.join(directory, '.local'))).toBe(false);
  });

  it('and goes on with the last good CA at a reload', async () => {
    const yaml = 'mcp_tls_sidecar:\n  ca: { certificate: tls.crt, key: tls.key }\n';
    const { snapshot, directory, again, inputs } = await load(yaml, {
      'tls.crt': corporate.pem,
      'tls.key': corporate.key,
    });
    // Its files are watched.
    expect([...inputs.keys()]).toEqual(
      expect.arrayContaining(['tls.crt', 'tls.key'].map((name) => path.join(directory, name))),
    );
    writeFileSync(path.join(directory, 'tls.crt'), '');
    const { problems, snapshot: next } = await again();
    expect(problems.map(({ message }) => message)).toEqual([
      `ca: ${path.join(directory, 'tls.crt')} is empty`,
    ]);
    expect(next?.ca.brought).toBe(snapshot?.ca.brought);
    expect(next?.ca.brought).toBeDefined();
    writeFileSync(
      path.join(directory, 'config.yaml'),
      readFileSync(path.join(directory, 'config.yaml'), 'utf8').replace('tls.key', 'other.key'),
    );
    expect((await again()).snapshot?.ca.brought).toBeUndefined();
  });
});

import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Config, TlsSettings } from '../../../src/config/config.ts';
import { read, readGood } from './read.ts';

const pinOf = (key: string): string => createHash('sha256').update(key).digest('base64');
const [ONE, TWO] = [pinOf('one'), pinOf('two')];

/** The settings of a server that has these keys in `tls`. */
function tlsOf(keys: string, { sslVerify = 'true', env = {} } = {}): TlsSettings | undefined {
  const entry = `{ url: "https://a.example.com", ssl_verify: ${sslVerify}, tls: { ${keys} } }`;
  return readGood(`mcp_servers: { a: ${entry} }`, env).servers[0]?.tls;
}

const DEFAULTS: TlsSettings = {
  systemRoots: false,
  serverName: undefined,
  pins: [],
  minVersion: 'TLSv1.2',
  clientCertificate: undefined,
  strict: false,
  insecureUntil: undefined,
  insecureReason: undefined,
  verifyWith: undefined,
  rewriteOauth: false,
};

test('where tls says nothing, all of it has a default, in every kind of entry', () => {
  const { servers, hosts }: Config = readGood(`
mcp_servers:
  without: { url: https://a.example.com }
  empty: { url: https://b.example.com, tls: {} }
mcp_tls_sidecar:
  hosts: { c.example.com: {}, d.example.com: tunnel, e.example.com: { tls: ~ } }
`);
  for (const { tls } of [...servers, ...hosts]) expect(tls).toStrictEqual(DEFAULTS);
  expect([...servers, ...hosts]).toHaveLength(5);
});

test.each([
  [ONE, [ONE]],
  [`[${ONE}]`, [ONE]],
  [`[${TWO}, "${ONE}"]`, [TWO, ONE]],
  [`sha256/${ONE}`, [ONE]],
  [`[sha256//${ONE}, sha256/${TWO}]`, [ONE, TWO]],
  [`[${ONE}, sha256//${ONE}]`, [ONE]],
  ['~', []],
])('pin_sha256: %s is read as %j', (written, pins) => {
  expect(tlsOf(`pin_sha256: ${written}`)).toStrictEqual({ ...DEFAULTS, pins });
});

test('pins may come from the environment, one by one', () => {
  const env = { PIN: `sha256/${ONE}` };
  expect(tlsOf(`pin_sha256: os.environ/PIN`, { env })?.pins).toEqual([ONE]);
  expect(tlsOf(`pin_sha256: [${TWO}, os.environ/PIN]`, { env })?.pins).toEqual([TWO, ONE]);
});

test('a pin that the environment does not give makes the entry unusable, whatever pins are left', () => {
  for (const written of ['os.environ/PIN', '[os.environ/PIN]', `[${ONE}, os.environ/PIN]`]) {
    const { config, problems } = read(
      `mcp_servers: { a: { url: "https://a.example.com", tls: { pin_sha256: ${written} } } }`,
    );
    expect(problems.map(({ severity, entry }) => ({ severity, entry }))).toEqual([
      { severity: 'error', entry: 'a' },
    ]);
    expect(config?.servers[0]?.spoiledBy).toBe(problems[0]);
  }
});

test('min_version and strict are read', () => {
  expect(tlsOf('min_version: TLSv1.3, strict: yes')).toStrictEqual({
    ...DEFAULTS,
    minVersion: 'TLSv1.3',
    strict: true,
  });
  expect(tlsOf('min_version: TLSv1.2, strict: false')).toStrictEqual(DEFAULTS);
});

test.each([
  ['/certs/client.pem', '/certs/client.key', '/certs/client.pem', '/certs/client.key'],
  ['client.pem', '../client.key', '/etc/sidecar/client.pem', '/etc/client.key'],
  ['os.environ/CERT', './both.pem', '/etc/sidecar/from-env.pem', '/etc/sidecar/both.pem'],
])('client_certificate %s and client_key %s start at the folder of the file', (cert, key, ...paths) => {
  const tls = tlsOf(`client_certificate: ${cert}, client_key: ${key}`, { env: { CERT: 'from-env.pem' } });
  const [certificate, keyPath] = paths;
  expect(tls).toStrictEqual({ ...DEFAULTS, clientCertificate: { certificate, key: keyPath } });
});

test('a key that the environment does not name spoils the entry, and its certificate is not said to stand alone', () => {
  const { config, problems } = read(
    'mcp_servers: { a: { url: "https://a", tls: { client_certificate: a.pem, client_key: os.environ/KEY } } }',
  );
  expect(problems.map(({ message }) => message)).toEqual([
    'environment variable KEY, which client_key names, is not set',
  ]);
  expect(config?.servers[0]).toMatchObject({
    spoiledBy: problems[0],
    tls: { clientCertificate: undefined },
  });
});

const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';

test.each([
  ['true', { kind: 'default' }],
  ['corp.pem', { kind: 'path', path: '/etc/sidecar/corp.pem' }],
  ['/etc/ssl/certs', { kind: 'path', path: '/etc/ssl/certs' }],
  ['os.environ/CA', { kind: 'path', path: '/etc/sidecar/ca.pem' }],
  [JSON.stringify(PEM), { kind: 'pem', pem: PEM }],
  ['~', undefined],
])('verify_with: %s is read as %o', (written, verifyWith) => {
  const tls = tlsOf(`verify_with: ${written}`, { sslVerify: 'false', env: { CA: 'ca.pem' } });
  expect(tls).toStrictEqual({ ...DEFAULTS, verifyWith });
});

test('insecure_until and insecure_reason are read, also where ssl_verify: false is inherited', () => {
  const keys = '{ insecure_until: 2099-12-31T01:00:00+01:00, insecure_reason: "INFRA-123: ünïcode 🔑" }';
  const { servers, hosts } = readGood(`
mcp_servers:
  a: { url: https://a.example.com, tls: ${keys} }
mcp_tls_sidecar:
  ssl_verify: false
  hosts: { b.example.com: { tls: ${keys} } }
`);
  for (const { tls } of [...servers, ...hosts]) {
    expect(tls).toStrictEqual({
      ...DEFAULTS,
      insecureUntil: { atMs: Date.UTC(2099, 11, 31), text: '2099-12-31T01:00:00+01:00' },
      insecureReason: 'INFRA-123: ünïcode 🔑',
    });
  }
});

test('a reason of 500 characters is taken, however many bytes they have', () => {
  const reason = '🔑'.repeat(500);
  expect(tlsOf(`insecure_reason: "${reason}"`, { sslVerify: 'false' })?.insecureReason).toBe(reason);
  expect(() => tlsOf(`insecure_reason: "${reason}."`, { sslVerify: 'false' })).toThrow(/500 characters/);
});

test.each(['\\e[31m', '\\u202e', '\\u2028', '\\u0085', '\\t'])('a reason with %s is refused', (character) => {
  expect(() => tlsOf(`insecure_reason: "a${character}b"`, { sslVerify: 'false' })).toThrow(
    /another control character/,
  );
});

test('merge keys bring tls whole, and what it brings is checked in each entry', () => {
  const { problems } = read(`
x: &shared { tls: { strict: true, client_key: /a.key } }
mcp_servers:
  a: { url: https://a.example.com, <<: *shared }
  b: { url: https://b.example.com, ssl_verify: false, <<: *shared }
`);
  expect(problems.map(({ severity, line, message }) => `${severity} ${line}: ${message}`)).toEqual([
    'error 2: tls.strict stands beside ssl_verify false, which trusts everything',
    'error 2: tls.client_key stands without tls.client_certificate',
    expect.stringContaining('warning 5: verification is off for server b'),
  ]);
});

test('identity changes with every key of tls', () => {
  const identityOf = (keys: string, sslVerify = 'true'): string | undefined =>
    read(`mcp_servers: { a: { url: "https://a", ssl_verify: ${sslVerify}, tls: { ${keys} } } }`).config
      ?.servers[0]?.identity;
  const identities = [
    identityOf(''),
    identityOf(`pin_sha256: ${ONE}`),
    identityOf(`pin_sha256: ${TWO}`),
    identityOf('min_version: TLSv1.3'),
    identityOf('strict: true'),
    identityOf('client_certificate: a.pem, client_key: a.key'),
    identityOf('client_certificate: a.pem, client_key: b.key'),
    identityOf('', 'false'),
    identityOf('insecure_until: 2099-12-31T00:00:00Z', 'false'),
    identityOf('insecure_until: 2099-12-30T00:00:00Z', 'false'),
    identityOf('insecure_reason: INFRA-1', 'false'),
    identityOf('verify_with: true', 'false'),
    identityOf('verify_with: a.pem', 'false'),
  ];
  expect(identities).not.toContain(undefined);
  expect(new Set(identities).size).toBe(identities.length);
});

test('identity changes with what a variable holds, though the file does not', () => {
  const identityOf = (env: NodeJS.ProcessEnv): string | undefined =>
    read('mcp_servers: { a: { url: "https://a", tls: { pin_sha256: os.environ/PIN } } }', env).config
      ?.servers[0]?.identity;
  expect(identityOf({ PIN: ONE })).toBe(identityOf({ PIN: ONE }));
  expect(identityOf({ PIN: ONE })).not.toBe(identityOf({ PIN: TWO }));
});

import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import { read, readGood } from './read.ts';

test('the embedded default has no entries and the defaults of the interface', () => {
  const { config, problems } = readConfig({ file: undefined, bytes: Buffer.from('{}'), env: {} });
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    file: undefined,
    sha256: createHash('sha256').update('{}').digest('hex'),
    servers: [],
    hosts: [],
    settings: {
      listen: [{ host: '127.0.0.1', port: 8921 }],
      admin: { host: '127.0.0.1', port: 9921 },
      unlistedHosts: 'pass',
      unlistedPlaintext: 'deny',
      ca: {
        directory: resolve('mcp-tls-sidecar-ca'),
        stateDirectory: undefined,
        brought: undefined,
        permittedDomains: [],
        position: { line: 1, column: 1 },
      },
      upstreamProxy: undefined,
      noProxy: [],
      allowRemoteClients: false,
      timeouts: { dialMs: 8000, responseMs: 0, drainMs: 25_000 },
      limits: { connections: 10_000, headerBytes: 65_536 },
      log: { level: 'info', requests: 'all' },
      allowedHosts: [],
    },
  });
});

test('every setting that is written is read', () => {
  const { settings } = readGood(`
mcp_tls_sidecar:
  listen: [127.1:0, "[::1]:8921", LOCALHOST:1]
  admin: 127.0.0.2:9
  unlisted_hosts: deny
  unlisted_plaintext: pass
  ca: { directory: /public, state_directory: /state, permitted_domains: [example.com] }
  upstream_proxy: http://proxy.example.com:3128
  no_proxy: [.example.com]
  allow_remote_clients: yes
  timeouts: { dial: 500ms, response: 1m, drain: 1h }
  limits: { connections: 1_000_000, header_bytes: 0x400 }
  log: { level: debug, requests: failures }
  allowed_hosts: [Sidecar.Internal., 10.0.0.5, "::1", sidecar.internal]
`);
  expect(settings).toEqual({
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 8921 },
      { host: 'localhost', port: 1 },
    ],
    admin: { host: '127.0.0.2', port: 9 },
    sslVerify: { kind: 'default' },
    unlistedHosts: 'deny',
    unlistedPlaintext: 'pass',
    ca: {
      directory: '/public',
      stateDirectory: '/state',
      brought: undefined,
      permittedDomains: [{ kind: 'name', name: 'example.com' }],
      position: { line: 7, column: 3 },
    },
    upstreamProxy: {
      protocol: 'http',
      authority: { host: 'proxy.example.com', port: 3128 },
      authorization: undefined,
      sslVerify: { kind: 'default' },
      position: { line: 8, column: 19 },
    },
    noProxy: [{ kind: 'suffix', suffix: '.example.com', port: undefined }],
    allowRemoteClients: true,
    timeouts: { dialMs: 500, responseMs: 60_000, drainMs: 3_600_000 },
    limits: { connections: 1_000_000, headerBytes: 1024 },
    log: { level: 'debug', requests: 'failures' },
    allowedHosts: ['sidecar.internal', '10.0.0.5', '::1'],
  });
});

test('a problem of one entry leaves the configuration and names the entry', () => {
  const { config, problems } = read(`
mcp_servers:
  a: { url: https://a.example.com, ssl_verify: os.environ/NOT_SET }
  b: { url: https://b.example.com }
`);
  expect(problems).toMatchObject([{ severity: 'error', line: 3, column: 48, entry: 'a' }]);
  expect(config?.servers.map(({ spoiledBy }) => spoiledBy)).toEqual([problems[0], undefined]);
});

test('an error outside an entry refuses the whole file, and all problems are told in the order of the file', () => {
  const { config, problems } = read(`
mcp_tls_sidecar: { timeouts: { dial: 1 } }
mcp_servers:
  a: { url: ftp://a.example.com, ssl_verify: os.environ/NOT_SET }
`);
  expect(config).toBeUndefined();
  expect(problems.map(({ line, column, entry }) => ({ line, column, entry }))).toEqual([
    { line: 2, column: 38, entry: undefined },
    { line: 4, column: 13, entry: undefined },
    { line: 4, column: 46, entry: 'a' },
  ]);
});

test('a file of 4 MiB is read, one byte more is refused', () => {
  const filled = (bytes: number): Buffer => Buffer.from(`a: 1\n#${'x'.repeat(bytes - 6)}`);
  expect(read(filled(4 * 1024 * 1024)).problems).toEqual([]);
  const { config, problems } = read(filled(4 * 1024 * 1024 + 1));
  expect(config).toBeUndefined();
  expect(problems).toMatchObject([{ severity: 'error', line: 0, message: 'the file is larger than 4 MiB' }]);
});

test('nesting that would exhaust the stack is a problem like any other', () => {
  const { problems } = read(`x: ${'['.repeat(200_000)}`);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.severity).toBe('error');
});

test('aliases that would expand to billions of values are refused at once', () => {
  const levels = Array.from(
    { length: 30 },
    (_, n) => `k${n}: &k${n} [${`*k${n - 1}, `.repeat(n === 0 ? 0 : 9)}1]`,
  );
  const started = performance.now();
  expect(read(levels.join('\n')).config).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1000);
});

import { expect, test } from 'vitest';
import { read, readGood } from './read.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';

function sslVerifyOf(written: string, env: NodeJS.ProcessEnv = {}): unknown {
  return readGood(`mcp_servers:\n  a:\n    url: https://a.example.com\n    ssl_verify: ${written}\n`, env)
    .servers[0]?.sslVerify;
}

test.each([
  ['true', { kind: 'default' }],
  ['Yes', { kind: 'default' }],
  ['on', { kind: 'default' }],
  ['false', { kind: 'off' }],
  ['NO', { kind: 'off' }],
  ['off', { kind: 'off' }],
  ['null', { kind: 'default' }],
  ['~', { kind: 'default' }],
  ['', { kind: 'default' }],
  ['/etc/ssl/corp.pem', { kind: 'path', path: '/etc/ssl/corp.pem' }],
  ['./corp.pem', { kind: 'path', path: '/etc/sidecar/corp.pem' }],
  ['../ssl', { kind: 'path', path: '/etc/ssl' }],
  ['y', { kind: 'path', path: '/etc/sidecar/y' }],
  ['N', { kind: 'path', path: '/etc/sidecar/N' }],
  [JSON.stringify(PEM), { kind: 'pem', pem: PEM }],
  [`|\n      ${PEM.trim().replaceAll('\n', '\n      ')}`, { kind: 'pem', pem: PEM }],
])('ssl_verify: %s is read as %o', (written, expected) => {
  expect(sslVerifyOf(written)).toEqual(expected);
});

test('ssl_verify may come from the environment, as a path or as PEM', () => {
  expect(sslVerifyOf('os.environ/CA', { CA: 'corp.pem' })).toEqual({
    kind: 'path',
    path: '/etc/sidecar/corp.pem',
  });
  expect(sslVerifyOf('os.environ/CA', { CA: PEM })).toEqual({ kind: 'pem', pem: PEM });
});

test('only an absent ssl_verify inherits', () => {
  const { servers, hosts } = readGood(`
mcp_servers:
  absent: { url: https://a.example.com }
  empty: { url: https://b.example.com, ssl_verify: }
  default: { url: https://c.example.com, ssl_verify: true }
mcp_tls_sidecar:
  ssl_verify: corp.pem
  hosts: { d.example.com: {} }
`);
  const inherited = { kind: 'path', path: '/etc/sidecar/corp.pem' };
  expect(servers.map(({ sslVerify }) => sslVerify)).toEqual([inherited, inherited, { kind: 'default' }]);
  expect(hosts[0]?.sslVerify).toEqual(inherited);
});

test('a problem with trust is reported where the trust was written', () => {
  const { servers } = readGood(`
mcp_servers:
  own: { url: https://a.example.com, ssl_verify: /a.pem }
  inherits: { url: https://b.example.com }
mcp_tls_sidecar:
  ssl_verify: /corp.pem
`);
  expect(servers.map(({ trustPosition }) => trustPosition)).toEqual([
    { line: 3, column: 50 },
    { line: 6, column: 15 },
  ]);
  const alone = readGood('mcp_servers:\n  none: { url: https://a.example.com }\n').servers[0];
  expect(alone?.trustPosition).toEqual({ line: 2, column: 3 });
});

test.each([
  ['https://MCP.Example.com', 'https', 'mcp.example.com', 443, '/'],
  ['http://mcp.example.com/a/b?token=1#x', 'http', 'mcp.example.com', 80, '/a/b'],
  ['https://mcp.example.com.:8443/', 'https', 'mcp.example.com', 8443, '/'],
  ['https://[2001:DB8::0:1]/mcp', 'https', '2001:db8::1', 443, '/mcp'],
  ['https://127.1:1/mcp', 'https', '127.0.0.1', 1, '/mcp'],
  ['https://bücher.example/mcp', 'https', 'xn--bcher-kva.example', 443, '/mcp'],
])('url: %s leads to %s, %s, %i, %s', (url, protocol, host, port, path) => {
  const { servers } = readGood(`mcp_servers: { a: { url: "${url}" } }`);
  expect(servers[0]?.upstream).toEqual({ protocol, authority: { host, port }, path });
});

test('the keys of tls are read, and upstream_url goes before url', () => {
  const { servers } = readGood(`
mcp_servers:
  a:
    url: http://localhost:8921/a/mcp
    ssl_verify: /a.pem
    tls: { upstream_url: https://a.example.com/mcp, system_roots: yes, server_name: "[::1]" }
`);
  expect(servers[0]).toMatchObject({
    kind: 'server',
    name: 'a',
    hasBaseUrl: true,
    upstream: { protocol: 'https', authority: { host: 'a.example.com', port: 443 }, path: '/mcp' },
    hasUpstreamUrl: true,
    tls: { systemRoots: true, serverName: '::1' },
    spoiledBy: undefined,
  });
});

test('merge keys are merged as PyYAML does: own keys go first, then the earlier mapping of a list', () => {
  const { servers } = readGood(`
x-one: &one { url: https://one.example.com, ssl_verify: /one.pem, transport: sse }
x-two: &two { url: https://two.example.com, ssl_verify: /two.pem, tls: { server_name: two } }
mcp_servers:
  a:
    ssl_verify: /own.pem
    <<: [*one, *two]
  b: { <<: *two, "<<": a quoted one is a key like any other }
`);
  expect(servers).toMatchObject([
    {
      upstream: { authority: { host: 'one.example.com' } },
      sslVerify: { path: '/own.pem' },
      tls: { serverName: 'two' },
    },
    { upstream: { authority: { host: 'two.example.com' } }, sslVerify: { path: '/two.pem' } },
  ]);
});

test('a name that fits no URL path has no base URL', () => {
  const { servers } = readGood('mcp_servers: { "a b": { url: "https://a.example.com" } }');
  expect(servers[0]?.hasBaseUrl).toBe(false);
});

test.each([
  ['build.example.com', { host: 'build.example.com', wildcard: false, port: 443, portWritten: false }],
  ['"*.Example.com"', { host: 'example.com', wildcard: true, port: 443, portWritten: false }],
  ['"*.example.com:8443"', { host: 'example.com', wildcard: true, port: 8443, portWritten: true }],
  ['10.1', { host: '10.0.0.1', wildcard: false, port: 443, portWritten: false }],
  ['"[::1]:443"', { host: '::1', wildcard: false, port: 443, portWritten: true }],
  ['"2001:db8::1"', { host: '2001:db8::1', wildcard: false, port: 443, portWritten: false }],
])('the host key %s is read as %o', (key, pattern) => {
  const quoted = key === '10.1' ? '"10.1"' : key;
  const { hosts } = readGood(`mcp_tls_sidecar: { hosts: { ${quoted}: deny } }`);
  expect(hosts[0]).toMatchObject({ kind: 'host', action: 'deny', pattern });
});

test('a host entry that is tunnelled is never verified by us, and inherits nothing', () => {
  const { hosts } = readGood(
    'mcp_tls_sidecar: { ssl_verify: /a.pem, hosts: { "*.example.com:8443": tunnel } }',
  );
  expect(hosts[0]).toMatchObject({
    name: '*.example.com:8443',
    action: 'tunnel',
    pattern: { host: 'example.com', wildcard: true, port: 8443, portWritten: true },
    sslVerify: { kind: 'default' },
    spoiledBy: undefined,
  });
});

test('a host entry has trust of its own', () => {
  const { hosts } = readGood(
    'mcp_tls_sidecar: { hosts: { a.example.com: { ssl_verify: a.pem, tls: { server_name: b } } } }',
  );
  expect(hosts[0]).toMatchObject({
    name: 'a.example.com',
    action: 'verify',
    sslVerify: { kind: 'path', path: '/etc/sidecar/a.pem' },
    tls: { systemRoots: false, serverName: 'b' },
  });
});

test('entries keep the order of the file', () => {
  const { servers } = readGood(
    'mcp_servers: { z: { url: https://z.example.com }, 10a: { url: https://b.example.com }, "7": { url: https://a.example.com } }',
  );
  expect(servers.map(({ name }) => name)).toEqual(['z', '10a', '7']);
});

test('identity changes with all that an entry says, inheritance and environment included', () => {
  const identityOf = (entry: string, settings = '{}', env: NodeJS.ProcessEnv = {}): string | undefined =>
    read(`mcp_servers: { a: { url: "https://a.example.com/", ${entry} } }\nmcp_tls_sidecar: ${settings}`, env)
      .config?.servers[0]?.identity;
  const same = identityOf('');
  expect(same).toBeDefined();
  expect(identityOf(' # a comment\n')).toBe(same);
  expect(identityOf('', '{ listen: "127.0.0.1:0" }')).toBe(same);
  const others = [
    identityOf('timeout: 3, authentication_token: new'),
    identityOf('ssl_verify: true'),
    identityOf('ssl_verify: /a.pem'),
    identityOf('', '{ ssl_verify: /b.pem }'),
    identityOf('ssl_verify: os.environ/CA'),
    identityOf('ssl_verify: os.environ/CA', '{}', { CA: '/c.pem' }),
    identityOf('tls: { server_name: b }'),
    identityOf('tls: { upstream_url: "https://a.example.com/other" }'),
  ];
  expect(new Set([same, ...others]).size).toBe(others.length + 1);
});

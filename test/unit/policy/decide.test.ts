import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import { decideByAuthority, decideByName, isInForce, plainKey } from '../../../src/policy/decide.ts';
import { createTable, type CompiledEntry } from '../../../src/policy/table.ts';
import type { Policy } from '../../../src/policy/policy.ts';

/** The table of a configuration, with stand-ins for the policies: what is tested is which entry is found. */
function contextOf(yaml: string) {
  const { config, problems } = readConfig({ file: '/etc/t.yaml', bytes: Buffer.from(yaml), env: {} });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const entries = [...config.servers, ...config.hosts].map((entry): CompiledEntry => {
    const plain = entry.kind === 'server' ? entry.upstream.protocol === 'http' : entry.action === 'deny';
    if (entry.spoiledBy !== undefined) return { entry, state: 'unusable', policy: undefined };
    return { entry, state: 'usable', policy: plain ? undefined : ({ key: entry.name } as Policy) };
  });
  return { table: createTable(entries), unlistedPlaintext: config.settings.unlistedPlaintext };
}

function decide(yaml: string, host: string, port = 80, path = '/') {
  const decision = decideByAuthority(contextOf(yaml), { host, port }, { path, secure: false });
  if (decision.kind === 'refuse') return `${decision.server} ${decision.failure.reason}`;
  return `${decision.server} ${decision.kind} ${decision.authority.host}:${decision.authority.port}`;
}

const hosts = (...lines: string[]) =>
  `mcp_tls_sidecar:\n  hosts:\n${lines.map((line) => `    ${line}\n`).join('')}`;

describe('which entry a host in absolute form gets', () => {
  it('a server goes before a host entry, an exact one before a wildcard, the longest wildcard first', () => {
    const yaml = `mcp_servers:\n  s: { url: "https://a.corp.test/mcp" }\n${hosts(
      '"a.corp.test": { ssl_verify: true }',
      '"b.corp.test": { ssl_verify: true }',
      '"*.corp.test": { ssl_verify: true }',
      '"*.x.corp.test": { ssl_verify: true }',
    )}`;
    expect(decide(yaml, 'a.corp.test')).toBe('s tls a.corp.test:443');
    expect(decide(yaml, 'b.corp.test')).toBe('b.corp.test tls b.corp.test:443');
    expect(decide(yaml, 'c.corp.test')).toBe('*.corp.test tls c.corp.test:443');
    expect(decide(yaml, 'c.x.corp.test')).toBe('*.x.corp.test tls c.x.corp.test:443');
    expect(decide(yaml, 'c.d.e.corp.test')).toBe('*.corp.test tls c.d.e.corp.test:443');
    expect(decide(yaml, 'corp.test')).toBe('unlisted policy_denied');
    expect(decide(yaml, 'evilcorp.test')).toBe('unlisted policy_denied');
  });

  it('an http URL goes to the port given if that is listed, else to the listed one, never plain', () => {
    const one = 'mcp_servers:\n  s: { url: "https://a.test:8443/mcp" }\n';
    expect(decide(one, 'a.test', 8443)).toBe('s tls a.test:8443');
    expect(decide(one, 'a.test', 80)).toBe('s tls a.test:8443');
    expect(decide(one, 'a.test', 9000)).toBe('s tls a.test:8443');
    const two = `${one}  t: { url: "https://a.test:9443/mcp" }\n`;
    expect(decide(two, 'a.test', 9443)).toBe('t tls a.test:9443');
    expect(decide(two, 'a.test', 80)).toBe('unlisted request_malformed');
    const withDefault = `${two}  u: { url: "https://a.test/mcp" }\n`;
    expect(decide(withDefault, 'a.test', 80)).toBe('u tls a.test:443');
  });

  it('plaintext to an unlisted host passes only where the file says so', () => {
    expect(decide('{ a: 1 }', 'b.test', 8080)).toBe('unlisted policy_denied');
    const pass =
      'mcp_tls_sidecar: { unlisted_plaintext: pass }\nmcp_servers:\n  s: { url: "https://a.test/mcp" }\n';
    expect(decide(pass, 'b.test', 8080)).toBe('unlisted plain b.test:8080');
    expect(decide(pass, 'a.test', 8080)).toBe('s tls a.test:443');
    const secure = decideByAuthority(
      contextOf(pass),
      { host: 'b.test', port: 443 },
      { path: '/', secure: true },
    );
    expect(secure).toMatchObject({ kind: 'refuse', failure: { reason: 'policy_denied' } });
  });

  it('a listed http server is reached as it is listed', () => {
    expect(decide('mcp_servers:\n  s: { url: "http://10.0.0.5:8000/mcp" }\n', '10.0.0.5', 8000)).toBe(
      's plain 10.0.0.5:8000',
    );
  });

  it('who writes https:// does not get a listed http server', () => {
    const context = contextOf('mcp_servers:\n  s: { url: "http://10.0.0.5:8000/mcp" }\n');
    const authority = { host: '10.0.0.5', port: 8000 };
    expect(decideByAuthority(context, authority, { path: '/', secure: true })).toMatchObject({
      kind: 'refuse',
      failure: { reason: 'policy_denied' },
    });
  });

  it('a stream in plaintext is not in force where its host has come to be denied', () => {
    const pass = 'mcp_tls_sidecar:\n  unlisted_plaintext: pass\n';
    const authority = { host: 'a.test', port: 443 };
    expect(isInForce(contextOf(pass), authority, plainKey)).toBe(true);
    expect(isInForce(contextOf(`${pass}  hosts: { "a.test": deny }\n`), authority, plainKey)).toBe(false);
  });

  it('deny denies, under its own label', () => {
    expect(decide(hosts('"a.test": deny'), 'a.test')).toBe('a.test policy_denied');
  });

  it('servers of one authority that agree count by the longest path prefix, else the first', () => {
    const yaml = `mcp_servers:
  one: { url: "https://a.test/mcp" }
  two: { url: "https://a.test/mcp/deep" }
`;
    expect(decide(yaml, 'a.test', 80, '/mcp/deep/x')).toBe('two tls a.test:443');
    expect(decide(yaml, 'a.test', 80, '/mcp/deeper')).toBe('one tls a.test:443');
    expect(decide(yaml, 'a.test', 80, '/other')).toBe('one tls a.test:443');
  });

  it('servers of one authority with different policies are both unusable', () => {
    const yaml = `mcp_servers:
  one: { url: "https://a.test/mcp", ssl_verify: true }
  two: { url: "https://a.test/mcp2", ssl_verify: false }
`;
    expect(decide(yaml, 'a.test')).toBe('one configuration_unusable');
    expect(decide(yaml, 'a.test', 80, '/mcp2')).toBe('two configuration_unusable');
  });
});

describe('which entry a base URL gets', () => {
  const context = contextOf(
    'mcp_servers:\n  s: { url: "https://a.test/mcp" }\n  "odd name": { url: "https://b.test/mcp" }\n',
  );

  it('the server of that name, and no other', () => {
    expect(decideByName(context, 's')).toMatchObject({ kind: 'tls', server: 's' });
    for (const name of ['S', 'odd name', '', 'constructor', '__proto__'])
      expect(decideByName(context, name)).toMatchObject({
        kind: 'refuse',
        failure: { reason: 'server_unknown' },
      });
  });
});

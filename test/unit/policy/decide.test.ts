import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import {
  decideByAuthority,
  decideByName,
  decideConnect,
  decideInside,
  isInForce,
  type Rules,
} from '../../../src/policy/decide.ts';
import { createTable, type CompiledEntry } from '../../../src/policy/table.ts';
import type { Policy } from '../../../src/policy/policy.ts';

/** The table of a configuration, with stand-ins for the policies: what is tested is which entry is found. */
function rulesOf(yaml: string): Rules {
  const { config, problems } = readConfig({ file: '/etc/t.yaml', bytes: Buffer.from(yaml), env: {} });
  if (config === undefined) throw new Error(JSON.stringify(problems));
  const entries = [...config.servers, ...config.hosts].map((entry): CompiledEntry => {
    const plain = entry.kind === 'server' ? entry.upstream.protocol === 'http' : entry.action !== 'verify';
    if (entry.spoiledBy !== undefined) return { entry, state: 'unusable', policy: undefined };
    return { entry, state: 'usable', policy: plain ? undefined : ({ key: entry.name } as Policy) };
  });
  const { unlistedHosts, unlistedPlaintext, noProxy, upstreamProxy } = config.settings;
  const proxy = upstreamProxy && {
    authority: upstreamProxy.authority,
    authorization: upstreamProxy.authorization,
    policy: undefined,
    key: 'proxy',
  };
  return { table: createTable(entries), unlistedHosts, unlistedPlaintext, proxy: { proxy, noProxy } };
}

function decide(yaml: string, host: string, port = 80, path = '/') {
  const decision = decideByAuthority(rulesOf(yaml), { host, port }, { path, secure: false });
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
      rulesOf(pass),
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
    const rules = rulesOf('mcp_servers:\n  s: { url: "http://10.0.0.5:8000/mcp" }\n');
    const authority = { host: '10.0.0.5', port: 8000 };
    expect(decideByAuthority(rules, authority, { path: '/', secure: true })).toMatchObject({
      kind: 'refuse',
      failure: { reason: 'policy_denied' },
    });
  });

  it('a stream in plaintext is not in force where its host has come to be denied', () => {
    const pass = 'mcp_tls_sidecar:\n  unlisted_plaintext: pass\n';
    const authority = { host: 'a.test', port: 443 };
    expect(isInForce(rulesOf(pass), authority, 'plain')).toBe(true);
    expect(isInForce(rulesOf(`${pass}  hosts: { "a.test": deny }\n`), authority, 'plain')).toBe(false);
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
  const rules = rulesOf(
    'mcp_servers:\n  s: { url: "https://a.test/mcp" }\n  "odd name": { url: "https://b.test/mcp" }\n',
  );

  it('the server of that name, and no other', () => {
    expect(decideByName(rules, 's')).toMatchObject({ kind: 'tls', server: 's' });
    for (const name of ['S', 'odd name', '', 'constructor', '__proto__'])
      expect(decideByName(rules, name)).toMatchObject({
        kind: 'refuse',
        failure: { reason: 'server_unknown' },
      });
  });
});

describe('what becomes of a CONNECT', () => {
  const connect = (yaml: string, host: string, port = 443, isRemote = false) => {
    const decision = decideConnect(rulesOf(yaml), { host, port }, isRemote);
    if (decision.kind === 'refuse') return `${decision.server} ${decision.failure.reason}`;
    if (decision.kind === 'terminate')
      return `${decision.server} ends here${decision.secure ? ' on a leaf' : ''}`;
    return `${decision.server} tunnel to ${decision.authority.host}:${decision.authority.port}`;
  };
  const one = 'mcp_servers:\n  s: { url: "https://a.test:8443/mcp" }\n';

  it('a listed authority ends here, another port of its host is unlisted', () => {
    expect(connect(one, 'a.test', 8443)).toBe('s ends here on a leaf');
    expect(connect(one, 'a.test', 443)).toBe('unlisted tunnel to a.test:443');
    expect(connect(hosts('"*.corp.test": {}'), 'x.y.corp.test')).toBe('*.corp.test ends here on a leaf');
    expect(connect(hosts('"*.corp.test": {}'), 'corp.test')).toBe('unlisted tunnel to corp.test:443');
  });

  it('port 80 of a host that is listed with https ends here for the plaintext inside', () => {
    expect(connect(one, 'a.test', 80)).toBe('s ends here');
    expect(connect(`${one}  t: { url: "https://a.test:9443/mcp" }\n`, 'a.test', 80)).toBe(
      'unlisted request_malformed',
    );
    expect(connect(hosts('"a.test": tunnel'), 'a.test', 80)).toBe('a.test policy_denied');
    expect(connect(hosts('"a.test": deny'), 'a.test', 80)).toBe('a.test policy_denied');
  });

  it('a listed http server ends here too', () => {
    expect(connect('mcp_servers:\n  s: { url: "http://10.0.0.5:8000/mcp" }\n', '10.0.0.5', 8000)).toBe(
      's ends here',
    );
  });

  it('tunnel tunnels, deny denies, under their own labels', () => {
    expect(connect(hosts('"a.test": tunnel'), 'a.test')).toBe('a.test tunnel to a.test:443');
    expect(connect(hosts('"a.test": deny'), 'a.test')).toBe('a.test policy_denied');
  });

  it('what is unlisted passes as unlisted_hosts says, on port 80 as unlisted_plaintext says', () => {
    const deny = 'mcp_tls_sidecar: { unlisted_hosts: deny }\n';
    const plain = 'mcp_tls_sidecar: { unlisted_plaintext: pass, unlisted_hosts: deny }\n';
    expect(connect('{ a: 1 }', 'b.test')).toBe('unlisted tunnel to b.test:443');
    expect(connect('{ a: 1 }', 'b.test', 80)).toBe('unlisted policy_denied');
    expect(connect(deny, 'b.test')).toBe('unlisted policy_denied');
    expect(connect(plain, 'b.test', 80)).toBe('unlisted tunnel to b.test:80');
    expect(connect(plain, 'b.test', 443)).toBe('unlisted policy_denied');
  });

  it('a peer that gets listed authorities only gets no other', () => {
    const plain = 'mcp_tls_sidecar: { unlisted_plaintext: pass }\n';
    expect(connect(plain, 'b.test', 443, true)).toBe('unlisted policy_denied');
    expect(connect(plain, 'b.test', 80, true)).toBe('unlisted policy_denied');
    expect(connect(one, 'a.test', 8443, true)).toBe('s ends here on a leaf');
  });
});

describe('what becomes of a request inside a CONNECT', () => {
  const inside = (yaml: string, port: number, secure: boolean) => {
    const decision = decideInside(
      rulesOf(yaml),
      { host: 'a.test', port },
      { path: '/', secure, isRemote: false },
    );
    if (decision.kind === 'refuse') return `${decision.server} ${decision.failure.reason}`;
    return `${decision.server} ${decision.kind} ${decision.authority.port}`;
  };
  const one = 'mcp_servers:\n  s: { url: "https://a.test/mcp" }\n';

  it('it goes to the authority of the CONNECT, plaintext to the listed https one', () => {
    expect(inside(one, 443, true)).toBe('s tls 443');
    expect(inside(one, 443, false)).toBe('s tls 443');
    expect(inside(one, 80, false)).toBe('s tls 443');
  });

  it('TLS to a port that is not listed with https, or no longer, is refused', () => {
    expect(inside(one, 80, true)).toBe('unlisted policy_denied');
    expect(inside('mcp_servers:\n  s: { url: "http://a.test/mcp" }\n', 80, true)).toBe('s policy_denied');
    expect(inside('mcp_tls_sidecar: { unlisted_plaintext: pass }\n', 443, true)).toBe(
      'unlisted policy_denied',
    );
    expect(inside('mcp_tls_sidecar: { unlisted_plaintext: pass }\n', 80, false)).toBe(
      'unlisted policy_denied',
    );
    expect(inside(hosts('"a.test": tunnel'), 443, true)).toBe('a.test policy_denied');
  });
});

describe('which way a request takes', () => {
  const proxied = (noProxy: string) =>
    rulesOf(
      `mcp_tls_sidecar: { upstream_proxy: "http://proxy.test:3128", no_proxy: [${noProxy}], unlisted_plaintext: pass }\n`,
    );
  const isProxied = (noProxy: string, host: string, port = 80) => {
    const decision = decideByAuthority(proxied(noProxy), { host, port }, { path: '/', secure: false });
    return decision.kind !== 'refuse' && decision.proxy !== undefined;
  };

  it('through the proxy, but for what no_proxy names', () => {
    expect(isProxied('', 'a.test')).toBe(true);
    expect(isProxied('a.test', 'a.test')).toBe(false);
    expect(isProxied('a.test', 'b.a.test')).toBe(true);
    expect(isProxied('.a.test', 'b.a.test')).toBe(false);
    expect(isProxied('.a.test', 'a.test')).toBe(true);
    expect(isProxied('.a.test', 'ba.test')).toBe(true);
    expect(isProxied('"a.test:8080"', 'a.test')).toBe(true);
    expect(isProxied('"a.test:8080"', 'a.test', 8080)).toBe(false);
    expect(isProxied('10.0.0.0/8', '10.1.2.3')).toBe(false);
    expect(isProxied('10.0.0.0/8', '11.1.2.3')).toBe(true);
    expect(isProxied('"fd00::/8"', 'fd12::1')).toBe(false);
    expect(isProxied('"fd00::/8"', '10.1.2.3')).toBe(true);
  });

  it('a change of the proxy, or of who goes by it, is another way', () => {
    const authority = { host: 'a.test', port: 8080 };
    const by = decideByAuthority(proxied(''), authority, { path: '/', secure: false });
    const directly = decideByAuthority(proxied('a.test'), authority, { path: '/', secure: false });
    if (by.kind === 'refuse' || directly.kind === 'refuse') throw new Error('refused');
    expect(isInForce(proxied(''), authority, by.key)).toBe(true);
    expect(isInForce(proxied('a.test'), authority, by.key)).toBe(false);
    expect(isInForce(proxied('a.test'), authority, directly.key)).toBe(true);
    expect(isInForce(proxied(''), authority, directly.key)).toBe(false);
  });

  it('nothing goes around a proxy whose trust cannot be read', () => {
    const rules = { ...proxied('b.test'), proxy: { ...proxied('b.test').proxy, proxy: 'unusable' as const } };
    const decide = (host: string) => decideConnect(rules, { host, port: 443 }, false);
    expect(decide('a.test')).toMatchObject({ failure: { reason: 'configuration_unusable' } });
    expect(decide('b.test')).toMatchObject({ kind: 'tunnel' });
  });
});

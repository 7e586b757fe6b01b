import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTrustingTls } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { exchangeRaw, remoteMissing, startShared, type SharedSidecar } from './remote-setup.ts';

const ca = createCa();
const leaf = ca.issue(['mcp.test', 'x.corp.test']);

async function startListed() {
  const upstream = await startUpstream({ leaf });
  const authority = `mcp.test:${upstream.port}`;
  const servers = { mcp: { url: `https://${authority}/`, ssl_verify: ca.pem } };
  const hosts = { '*.corp.test': { ssl_verify: ca.pem } };
  const shared = await startShared(servers, { hosts, unlisted_plaintext: 'pass' });
  return { ...shared, upstream, authority, servers };
}

const isFirstAnswer = (received: string) => /\r\n\r\n[^]*\}/.test(received);

describe.skipIf(remoteMissing)('a client on another machine (needs an address beyond loopback)', () => {
  it('gets a listed host by CONNECT, on a leaf of the local CA', async () => {
    const { remote, authority } = await startListed();
    const answer = await ask(remote.proxy, `https://${authority}/mcp`, { body: '{}' });
    expect(answer).toMatchObject({ status: 200, body: '{"ok":true}' });
  });

  it('gets a host that is listed as tunnel, blindly', async () => {
    const far = await startRawTcp((socket) => socket.end('banner'));
    const { remote } = await startShared({}, { hosts: { [`far.test:${far.port}`]: 'tunnel' } });
    const { socket, response } = await openTunnel(remote.proxy, `far.test:${far.port}`);
    expect(response.status).toBe(200);
    expect((await sendRaw({ socket, bytes: 'x' })).toString()).toBe('banner');
  });

  const lines: readonly [string, (of: SharedSidecar & { authority: string }) => string][] = [
    ['a base URL', () => 'GET /mcp/x HTTP/1.1\r\nHost: 127.0.0.1'],
    ['a base URL by localhost', ({ proxyPort }) => `GET /mcp/x HTTP/1.1\r\nHost: localhost:${proxyPort}`],
    ['a base URL in HTTP/1.0', () => 'GET /mcp/x HTTP/1.0'],
    ['a well-known path', () => 'GET /.well-known/oauth-protected-resource/mcp HTTP/1.1\r\nHost: 127.0.0.1'],
    ['a listed host in absolute form', ({ authority }) => `GET http://${authority}/x HTTP/1.1\r\nHost: a`],
    [
      'a listed host by https:// in absolute form',
      ({ authority }) => `GET https://${authority}/ HTTP/1.1\r\nHost: a`,
    ],
    ['a listed host, with its name in Host', ({ authority }) => `GET / HTTP/1.1\r\nHost: ${authority}`],
    ['an unlisted host in absolute form', () => 'GET http://other.test/ HTTP/1.1\r\nHost: a'],
    [
      'the sidecar itself in absolute form',
      ({ proxyPort }) => `GET http://127.0.0.1:${proxyPort}/mcp/x HTTP/1.1\r\nHost: a`,
    ],
    [
      'a base URL, and says it is forwarded for loopback',
      () =>
        'GET /mcp/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 127.0.0.1\r\nForwarded: for=127.0.0.1',
    ],
    [
      'a WebSocket on a base URL',
      () =>
        'GET /mcp/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==',
    ],
    ['an unlisted host by CONNECT', () => 'CONNECT other.test:443 HTTP/1.1\r\nHost: a'],
    ['an unlisted host by CONNECT to port 80', () => 'CONNECT other.test:80 HTTP/1.1\r\nHost: a'],
    ['another port of a listed host by CONNECT', () => 'CONNECT mcp.test:22 HTTP/1.1\r\nHost: a'],
    ['the apex of a wildcard by CONNECT', () => 'CONNECT corp.test:443 HTTP/1.1\r\nHost: a'],
    ['metadata by CONNECT', () => 'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: a'],
    ['mapped metadata by CONNECT', () => 'CONNECT [::ffff:169.254.169.254]:80 HTTP/1.1\r\nHost: a'],
    ['loopback by CONNECT', () => 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a'],
    [
      'the proxy listener by CONNECT',
      ({ proxyPort }) => `CONNECT 127.0.0.1:${proxyPort} HTTP/1.1\r\nHost: a`,
    ],
    ['the proxy listener by 0.0.0.0', ({ proxyPort }) => `CONNECT 0.0.0.0:${proxyPort} HTTP/1.1\r\nHost: a`],
    [
      'the proxy listener by localhost',
      ({ proxyPort }) => `CONNECT localhost:${proxyPort} HTTP/1.1\r\nHost: a`,
    ],
    ['the admin listener by CONNECT', ({ adminPort }) => `CONNECT [::1]:${adminPort} HTTP/1.1\r\nHost: a`],
    [
      'a listed host in Host, another by CONNECT',
      ({ authority }) => `CONNECT other.test:443 HTTP/1.1\r\nHost: ${authority}`,
    ],
  ];
  it.each(lines)('asks for %s: policy_denied, and nothing is dialled', async (_, line) => {
    const listed = await startListed();
    const bytes = `${line(listed)}\r\n\r\n`;
    const [response] = await exchangeRaw(listed.remote, bytes, isFirstAnswer);
    await expectFailure(response, listed.remote, { server: 'unlisted', reason: 'policy_denied' });
    expect(listed.upstream.connections).toBe(0);
  });

  it('gets no metadata and none of our listeners by names that are listed', async () => {
    const upstream = await startUpstream({ leaf });
    let address = '169.254.169.254';
    const lookup = () => Promise.resolve([{ address, family: 4 as const }]);
    const shared = await startShared({}, {}, { lookup });
    const { remote, proxyPort, adminPort } = shared;
    const own = [proxyPort, adminPort].map((port) => `own.corp.test:${port}`);
    const hosts = Object.fromEntries(['*.corp.test', ...own].map((place) => [place, 'tunnel']));
    shared.writeConfig({ hosts });
    expect((await shared.local.reload()).status).toBe(200);
    const blind = async (target: string) => (await openTunnel(remote.proxy, target)).response;
    await expectFailure(await blind('x.corp.test:443'), remote, {
      server: '*.corp.test',
      reason: 'address_prohibited',
    });
    for (const [index, target] of own.entries()) {
      address = ['127.0.0.1', '0.0.0.0'][index] ?? '';
      await expectFailure(await blind(target), remote, { server: target, reason: 'address_prohibited' });
    }
    expect(upstream.connections).toBe(0);
  });

  it('gets nothing but the authority of its CONNECT by what it sends inside', async () => {
    const { remote, authority, upstream } = await startListed();
    const other = await startUpstream({ leaf });
    const inside = async (bytes: string) => {
      const tunnel = await openTunnel(remote.proxy, authority);
      const socket = await startTrustingTls(remote.proxy, tunnel, 'mcp.test');
      const [response] = parseResponses(await sendRaw({ socket, bytes, until: isFirstAnswer }));
      return response;
    };
    const misdirected = [
      'GET / HTTP/1.1\r\nHost: x.corp.test\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: mcp.test:${other.port}\r\n\r\n`,
      `GET https://x.corp.test/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
      `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
      'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n\r\n',
    ];
    for (const bytes of misdirected)
      await expectFailure(await inside(bytes), remote, {
        server: 'mcp',
        reason: 'request_malformed',
        status: 421,
      });
    for (const target of ['other.test:443', authority, 'x.corp.test:443'])
      await expectFailure(await inside(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`), remote, {
        server: 'unlisted',
        reason: 'request_malformed',
      });
    expect(upstream.connections + other.connections).toBe(0);
    // The path of a base URL is a path of the server here.
    expect((await inside(`GET /mcp/x HTTP/1.1\r\nHost: ${authority}\r\n\r\n`))?.status).toBe(200);
    expect(upstream.requests).toMatchObject([{ url: '/mcp/x' }]);
  });

  it('gets no more by plaintext inside of a CONNECT', async () => {
    const { remote, authority, upstream } = await startListed();
    const inside = async (bytes: string) => {
      const { socket } = await openTunnel(remote.proxy, authority);
      return parseResponses(await sendRaw({ socket, bytes, until: isFirstAnswer }))[0];
    };
    for (const bytes of [
      'GET / HTTP/1.1\r\nHost: x.corp.test\r\n\r\n',
      'GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\n',
    ])
      await expectFailure(await inside(bytes), remote, {
        server: 'mcp',
        reason: 'request_malformed',
        status: 421,
      });
    expect(upstream.connections).toBe(0);
    // What it may have, it has by the entry's policy: over verified TLS.
    expect((await inside(`GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`))?.status).toBe(200);
    expect(upstream.requests.length).toBe(1);
  });

  it('gets no more by a CONNECT behind other requests, or by requests behind a CONNECT', async () => {
    const { remote, authority, upstream } = await startListed();
    const denied = 'GET /mcp/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const [first, second] = await exchangeRaw(
      remote,
      `${denied}CONNECT other.test:443 HTTP/1.1\r\nHost: a\r\n\r\n${denied}`,
    );
    await expectFailure(first, remote, { server: 'unlisted', reason: 'policy_denied' });
    await expectFailure(second, remote, { server: 'unlisted', reason: 'policy_denied' });
    const connect = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
    const behind = await sendRaw({
      bytes: `${denied}${connect}${denied}`,
      host: new URL(remote.proxyUrl).hostname,
      port: Number(new URL(remote.proxyUrl).port),
    });
    const text = behind.toString('latin1');
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '403',
      '200',
      '421',
    ]);
    expect(upstream.connections).toBe(0);
  });
});

it.skipIf(remoteMissing)(
  'a dual-stack listener tells mapped loopback from mapped others (needs an address beyond loopback)',
  async () => {
    const upstream = await startUpstream({ leaf });
    const url = `https://mcp.test:${upstream.port}/`;
    const { local, remote } = await startShared({ mcp: { url, ssl_verify: ca.pem } }, {}, { host: '::' });
    expect((await ask(local.proxy, '/mcp/x')).status).toBe(200);
    const answer = await ask(remote.proxy, '/mcp/x', { headers: { Host: '127.0.0.1' } });
    await expectFailure(answer, remote, { server: 'unlisted', reason: 'policy_denied' });
  },
);

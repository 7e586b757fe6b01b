import { once } from 'node:events';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTlsInside } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { caBundleFile, trustInCa } from '../../harness/published-ca.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { server, startPair, type Pair } from './connect-setup.ts';
import { openEagerly } from './eager-client.ts';

async function open({ sidecar, authority }: Pair) {
  const tunnel = await openTunnel(sidecar.proxy, authority);
  expect(tunnel.response.status).toBe(200);
  return tunnel;
}

const trusting = ({ sidecar }: Pair): ConnectionOptions => ({ secureContext: trustInCa(sidecar.proxy) });

/** TLS in a new tunnel, without a look at the name that the test judges itself. */
async function secure(pair: Pair, options: ConnectionOptions): Promise<TLSSocket> {
  return startTlsInside(await open(pair), {
    ...trusting(pair),
    checkServerIdentity: () => undefined,
    ...options,
  });
}

async function exchange(socket: TLSSocket, lines: string) {
  return parseResponses(await sendRaw({ socket, bytes: `${lines}\r\nConnection: close\r\n\r\n` }));
}

const sniCases: readonly { what: string; options: ConnectionOptions }[] = [
  { what: 'the name of the CONNECT', options: { servername: 'mcp.test' } },
  { what: 'no SNI', options: { servername: '' } },
  { what: 'another name', options: { servername: 'other.test' } },
  { what: 'ALPN http/1.1', options: { servername: 'mcp.test', ALPNProtocols: ['http/1.1'] } },
  { what: 'ALPN h2 and http/1.1', options: { servername: 'mcp.test', ALPNProtocols: ['h2', 'http/1.1'] } },
  { what: 'TLS 1.2', options: { servername: 'mcp.test', maxVersion: 'TLSv1.2' } },
];
it.each(sniCases)(
  'a hello with $what gets the leaf of the CONNECT host, and HTTP/1.1',
  async ({ options }) => {
    const pair = await startPair();
    const socket = await secure(pair, options);
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerCertificate().subjectaltname).toBe('DNS:mcp.test');
    expect(socket.alpnProtocol).toBe(options.ALPNProtocols === undefined ? false : 'http/1.1');
    const [answer] = await exchange(socket, `GET /in HTTP/1.1\r\nHost: ${pair.authority}`);
    expect(answer?.status).toBe(200);
    // What goes upstream is the host that the CONNECT named, whatever the SNI.
    expect(pair.upstream.requests).toMatchObject([{ url: '/in', serverName: 'mcp.test' }]);
  },
);

it.each([
  ['127.0.0.1', 'IP Address:127.0.0.1'],
  ['[::1]', 'IP Address:0:0:0:0:0:0:0:1'],
])('a CONNECT to the literal %s gets a leaf for that address', async (host, names) => {
  const bind = host === '[::1]' ? '::1' : host;
  const pair = await startPair({ host, upstream: { host: bind } });
  const socket = await startTlsInside(await open(pair), { ...trusting(pair), host: bind });
  expect(socket.getPeerCertificate().subjectaltname).toBe(names);
  const [answer] = await exchange(socket, `GET / HTTP/1.1\r\nHost: ${pair.authority}`);
  expect(answer?.status).toBe(200);
});

it('a client that offers h2 alone is turned away in the handshake, and counted', async () => {
  const pair = await startPair();
  const alone = { servername: 'mcp.test', ALPNProtocols: ['h2'] };
  await expect(secure(pair, alone)).rejects.toThrow(/no.application.protocol/i);
  await expectFailure(undefined, pair.sidecar, { server, reason: 'downstream_tls_failed' });
});

it('a client that does not trust the local CA is downstream_tls_failed, and the log says how to mend it', async () => {
  const pair = await startPair();
  const distrusting = startTlsInside(await open(pair), { ca: createCa().pem, servername: 'mcp.test' });
  await expect(distrusting).rejects.toThrow();
  await expectFailure(undefined, pair.sidecar, { server, reason: 'downstream_tls_failed' });
  const line = pair.sidecar.logs.find(({ reason }) => reason === 'downstream_tls_failed');
  expect(line?.['hint']).toContain('ca-bundle.pem');
  expect(pair.sidecar.logs.find(({ bundle }) => bundle !== undefined)).toMatchObject({
    bundle: caBundleFile(pair.sidecar.proxy),
  });
  expect(pair.upstream.connections).toBe(0);
});

it('a handshake that breaks off is downstream_tls_failed', async () => {
  const pair = await startPair();
  const { socket } = await open(pair);
  // The first bytes of a hello that announces more.
  socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
  socket.end();
  await expectFailure(undefined, pair.sidecar, { server, reason: 'downstream_tls_failed' });
});

const stalls: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['half a hello', Buffer.from('1603010200010001fc0303', 'hex')],
];
// Real time: the five seconds are the sidecar's own, not a setting.
it.each(stalls)('a client that sends %s is cut after 5 s', async (_, bytes) => {
  const pair = await startPair();
  const { socket } = await open(pair);
  socket.resume();
  const startedMs = performance.now();
  if (bytes.length > 0) socket.write(bytes);
  await Promise.race([once(socket, 'close'), once(socket, 'end')]);
  const elapsedMs = performance.now() - startedMs;
  expect(elapsedMs).toBeGreaterThan(4_800);
  expect(elapsedMs).toBeLessThan(7_000);
  await expectFailure(undefined, pair.sidecar, { server, reason: 'downstream_tls_failed' });
});

const neither: readonly (readonly [string, Buffer])[] = [
  ['zeros', Buffer.alloc(64)],
  ['SOCKS 5', Buffer.from('050100', 'hex')],
  ['a hello of SSL 2', Buffer.from('802e0100020015000000100100800300800700c0', 'hex')],
  ['a TLS alert', Buffer.from('15030300020228', 'hex')],
  ['octets beyond ASCII', Buffer.from('é\u{1F600}')],
];
it.each(neither)('%s inside, neither TLS nor HTTP, end it', async (_, bytes) => {
  const pair = await startPair();
  const { socket } = await open(pair);
  const received = await sendRaw({ socket, bytes });
  expect(received.toString('latin1')).not.toContain('HTTP/1.1 200');
  await expectFailure(undefined, pair.sidecar, { server, reason: 'request_malformed' });
  expect(pair.upstream.connections).toBe(0);
});

it('a banner of SSH inside, which begins as a method does, ends it', async () => {
  const pair = await startPair();
  const { socket } = await open(pair);
  const [answer] = parseResponses(await sendRaw({ socket, bytes: 'SSH-2.0-OpenSSH_9.9\r\n' }));
  await expectFailure(answer, pair.sidecar, { server, reason: 'request_malformed' });
});

it.each([
  ['another host', 'other.test', '/'],
  ['another port', 'mcp.test:1', '/'],
  ['no port where the CONNECT has one', 'mcp.test', '/'],
  ['an absolute target at another host', undefined, 'https://other.test/'],
  ['a plaintext target', undefined, 'http://other.test/'],
])('a request for %s gets 421', async (_, host, target) => {
  const pair = await startPair();
  const socket = await secure(pair, { servername: 'mcp.test' });
  const [answer] = await exchange(socket, `GET ${target} HTTP/1.1\r\nHost: ${host ?? pair.authority}`);
  await expectFailure(answer, pair.sidecar, { server, reason: 'request_malformed', status: 421 });
  expect(pair.upstream.requests).toEqual([]);
});

it.each([
  ['in other letters', (port: number) => `MCP.Test:${port}`, '/'],
  ['with a trailing dot', (port: number) => `mcp.test.:${port}`, '/'],
])('a Host %s agrees', async (_, host, target) => {
  const pair = await startPair();
  const socket = await secure(pair, { servername: 'mcp.test' });
  const lines = `GET ${target} HTTP/1.1\r\nHost: ${host(pair.upstream.port)}`;
  expect((await exchange(socket, lines))[0]?.status).toBe(200);
});

it('a target in absolute form for the same authority is served', async () => {
  const pair = await startPair();
  const socket = await secure(pair, { servername: 'mcp.test' });
  const lines = `GET https://${pair.authority}/abs?q=1 HTTP/1.1\r\nHost: ${pair.authority}`;
  expect((await exchange(socket, lines))[0]?.status).toBe(200);
  expect(pair.upstream.requests).toMatchObject([{ url: '/abs?q=1' }]);
});

it('a CONNECT inside gets 400', async () => {
  const pair = await startPair();
  const socket = await secure(pair, { servername: 'mcp.test' });
  const lines = `CONNECT ${pair.authority} HTTP/1.1\r\nHost: ${pair.authority}`;
  const [answer] = await exchange(socket, lines);
  expect(answer?.status).toBe(400);
  await poll(() => pair.sidecar.logs.some(({ reason }) => reason === 'request_malformed'));
});

it('what a browser would say of a page has no say here: the page named the host itself', async () => {
  const pair = await startPair();
  const socket = await secure(pair, { servername: 'mcp.test' });
  const lines = `GET / HTTP/1.1\r\nHost: ${pair.authority}\r\nOrigin: https://elsewhere.test\r\nSec-Fetch-Site: cross-site`;
  expect((await exchange(socket, lines))[0]?.status).toBe(200);
  expect(pair.upstream.requests[0]?.headers).toMatchObject({ origin: 'https://elsewhere.test' });
});

it('nothing of a response is rewritten: every URL is the real one', async () => {
  const fields = { Location: '/elsewhere', 'Set-Cookie': 'a=b; Path=/; Domain=mcp.test; Secure' };
  const pair = await startPair({
    upstream: { handler: (_, response) => response.writeHead(302, fields).end() },
  });
  const socket = await secure(pair, { servername: 'mcp.test' });
  const [answer] = await exchange(socket, `GET / HTTP/1.1\r\nHost: ${pair.authority}`);
  expect(answer?.header('location')).toBe(fields.Location);
  expect(answer?.header('set-cookie')).toBe(fields['Set-Cookie']);
});

it('a hello that comes in the packet of the CONNECT is answered', async () => {
  const pair = await startPair();
  // A client that does not wait for the 200.
  const socket = openEagerly(pair.sidecar.proxy, pair.authority);
  const tls = connectTls({ ...trusting(pair), socket, servername: 'mcp.test' });
  cleanUp(() => tls.destroy());
  await once(tls, 'secureConnect');
  expect((await exchange(tls, `GET / HTTP/1.1\r\nHost: ${pair.authority}`))[0]?.status).toBe(200);
});

it('a host that is no longer listed gets policy_denied on its tunnel, and a close', async () => {
  const pair = await startPair({ settings: { unlisted_hosts: 'deny' } });
  const socket = await secure(pair, { servername: 'mcp.test' });
  let received = '';
  let ended = false;
  socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('end', () => (ended = true));
  socket.write(`GET /one HTTP/1.1\r\nHost: ${pair.authority}\r\n\r\n`);
  await poll(() => received.includes('{"ok":true}\r\n0\r\n\r\n'));
  pair.sidecar.writeConfig('mcp_tls_sidecar: { unlisted_hosts: deny }');
  expect((await pair.sidecar.reload()).status).toBe(200);
  received = '';
  socket.write(`GET /two HTTP/1.1\r\nHost: ${pair.authority}\r\n\r\n`);
  await poll(() => ended, { what: 'the close' });
  const [answer] = parseResponses(received);
  await expectFailure(answer, pair.sidecar, { server: 'unlisted', reason: 'policy_denied' });
  expect(answer?.header('connection')).toBe('close');
  expect(pair.upstream.requests.map(({ url }) => url)).toEqual(['/one']);
});

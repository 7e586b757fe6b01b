import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { connectTo, openTunnel } from '../../harness/open-tunnel.ts';
import { refusingPort, startRawTcp } from '../../harness/raw-upstream.ts';
import { routes } from '../../harness/routes.ts';
import type { LogLine } from '../../harness/sidecar.ts';
import { loopbackLookup, startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { rawClient } from '../relay/raw-client.ts';
import { lineNumber, untilLogged } from './request-lines.ts';

const ca = createCa();
const leaf = ca.issue('mcp.test');

/** What the upstream lets the sidecar wait for. */
const delays = { lookup: 60, handshake: 90, head: 120, body: 50 };
/** The log has tenths of a millisecond, and what is compared are sums of a few. */
const rounding = 0.3;

/** A timer counts from when its event loop last looked at the clock, so that it may fire early. */
async function atLeast(waitMs: number): Promise<void> {
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs) await delay(1);
}

/** A sidecar before an upstream that is slow in every way, each by its own time. */
async function startSlow() {
  const upstream = await startUpstream({
    leaf,
    handler: async (_, response) => {
      await atLeast(delays.head);
      response.writeHead(200, { 'Content-Length': 4 }).flushHeaders();
      await atLeast(delays.body);
      response.end('slow');
    },
  });
  const front = await startRawTcp(async (socket) => {
    await atLeast(delays.handshake);
    const inner = connect(upstream.port, '127.0.0.1');
    pipeline(socket, inner, socket, () => undefined);
  });
  const authority = `mcp.test:${front.port}`;
  const sidecar = await startInProcess({
    config: configText({ mcp: { url: `https://${authority}/`, ssl_verify: ca.pem } }),
    lookup: async (host) => {
      await atLeast(delays.lookup);
      return loopbackLookup(host);
    },
  });
  return { sidecar, named: { server: 'mcp', authority } };
}

const ms = (line: LogLine, field: string): number => {
  const value = line[`${field}_ms`];
  if (typeof value !== 'number') throw new Error(`no ${field}_ms in ${JSON.stringify(line)}`);
  return value;
};

describe.each(routes)('of a request on the route by $name', (route) => {
  it('the parts of the dial, the head and the whole, each at least as long as it was made to take', async () => {
    const { sidecar, named } = await startSlow();
    expect((await ask(sidecar.proxy, route.target(named, '/x'))).body).toBe('slow');
    const line = await lineNumber(sidecar, 1);
    expect(line).toMatchObject({ reused_connection: false, status: 200 });
    expect(ms(line, 'queue')).toBeGreaterThanOrEqual(0);
    expect(ms(line, 'connect')).toBeGreaterThanOrEqual(delays.lookup - rounding);
    expect(ms(line, 'handshake')).toBeGreaterThanOrEqual(delays.handshake - rounding);
    const dialled = ms(line, 'queue') + ms(line, 'connect') + ms(line, 'handshake');
    expect(ms(line, 'head')).toBeGreaterThanOrEqual(dialled + delays.head - rounding);
    const answered = dialled + delays.head + delays.body;
    expect(ms(line, 'duration')).toBeGreaterThanOrEqual(answered - rounding);
    expect(ms(line, 'duration')).toBeGreaterThanOrEqual(ms(line, 'head'));
  });

  it('no dial where the connection was warm, and the time behind the request before as the queue', async () => {
    const { sidecar, named } = await startSlow();
    const { socket, write, until } = rawClient(await route.connect(sidecar.proxy, named));
    const head = `GET ${route.line(named, '/x')} HTTP/1.1\r\nHost: ${route.host(named)}\r\n\r\n`;
    write(head + head);
    await until(/slow[^]*slow/);
    socket.destroy();
    const [, second = {}] = await untilLogged(sidecar, 2);
    // It came a little later than the first, which had its dial behind it by the time that the server began.
    expect(ms(second, 'queue')).toBeGreaterThanOrEqual(delays.head + delays.body);
    expect(ms(second, 'head')).toBeGreaterThanOrEqual(ms(second, 'queue') + delays.head - rounding);
    expect(second).toMatchObject({ reused_connection: true });
    expect(second).not.toHaveProperty('connect_ms');
    expect(second).not.toHaveProperty('handshake_ms');
  });

  it('the time behind the request before as the queue of all that node:http reads', async () => {
    const { sidecar, named } = await startSlow();
    const { socket, write, until } = rawClient(await route.connect(sidecar.proxy, named));
    const start = `POST ${route.line(named, '/x')} HTTP/1.1\r\nHost: ${route.host(named)}\r\n`;
    const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    write(`${start}Content-Length: 0\r\n\r\n${chunked}${chunked}`);
    await until(/slow[^]*slow[^]*slow/);
    const answered = delays.head + delays.body;
    const [, second = {}, third = {}] = await untilLogged(sidecar, 3);
    expect(ms(second, 'queue')).toBeGreaterThanOrEqual(answered);
    expect(ms(third, 'queue')).toBeGreaterThanOrEqual(2 * answered);
    // What comes later has not waited for them.
    write(chunked);
    const [, , , fourth = {}] = await untilLogged(sidecar, 4);
    socket.destroy();
    expect(ms(fourth, 'queue')).toBeLessThan(answered);
  });

  it('of a dial that failed what it came to, beside phase and reason', async () => {
    const silent = await startRawTcp(() => undefined);
    const refused = `mcp.test:${await refusingPort()}`;
    const stalled = `stalled.test:${silent.port}`;
    const sidecar = await startInProcess({
      config: configText(
        { refused: { url: `https://${refused}/` }, stalled: { url: `https://${stalled}/` } },
        { ssl_verify: ca.pem, timeouts: { dial: '400ms' } },
      ),
    });
    await ask(sidecar.proxy, route.target({ server: 'refused', authority: refused }, '/x'));
    await ask(sidecar.proxy, route.target({ server: 'stalled', authority: stalled }, '/x'));
    const [first = {}, second = {}] = await untilLogged(sidecar, 2);
    expect(first).toMatchObject({ reason: 'connect_refused', phase: 'connect', level: 'warn' });
    expect(ms(first, 'connect')).toBeGreaterThanOrEqual(0);
    expect(first).not.toHaveProperty('handshake_ms');
    expect(first).not.toHaveProperty('head_ms');
    expect(first).not.toHaveProperty('reused_connection');
    expect(second).toMatchObject({ reason: 'tls_timeout', phase: 'handshake' });
    // The deadline is that of the whole dial, and a timer; the handshake has nearly all of it.
    const dialled = ms(second, 'connect') + ms(second, 'handshake');
    expect(ms(second, 'handshake')).toBeGreaterThanOrEqual(200);
    expect(ms(second, 'duration')).toBeGreaterThanOrEqual(dialled - rounding);
  });
});

it.each([
  ['a CONNECT', (authority: string) => `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`],
  [
    'a WebSocket',
    () =>
      'GET /mcp/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  ],
])('of %s the time behind the request before as the queue', async (_, asked) => {
  const { sidecar } = await startSlow();
  const far = await startRawTcp((socket) => void socket.end('bye'));
  const socket = connectTo(sidecar.proxy);
  const { write, until } = rawClient({ socket, tcp: socket });
  write(`GET /mcp/x HTTP/1.1\r\nHost: localhost\r\n\r\n${asked(`far.test:${far.port}`)}`);
  await until(/slow[^]*HTTP\/1\.1/);
  socket.end();
  const [, second = {}] = await untilLogged(sidecar, 2);
  expect(ms(second, 'queue')).toBeGreaterThanOrEqual(delays.head + delays.body);
});

it('of a blind tunnel the way to the server as connect and head, and how long it stood', async () => {
  const sidecar = await startInProcess({
    config: configText({}),
    lookup: async (host) => {
      await atLeast(delays.lookup);
      return loopbackLookup(host);
    },
  });
  const far = await startRawTcp(async (socket) => {
    await atLeast(delays.body);
    socket.end('bye');
  });
  const { socket } = await openTunnel(sidecar.proxy, `far.test:${far.port}`);
  socket.resume().end();
  const line = await lineNumber(sidecar, 1);
  expect(line).toMatchObject({ route: 'connect', method: 'CONNECT', server: 'unlisted', status: 200 });
  expect(ms(line, 'connect')).toBeGreaterThanOrEqual(delays.lookup - rounding);
  expect(ms(line, 'head')).toBeGreaterThanOrEqual(ms(line, 'connect') - rounding);
  expect(ms(line, 'duration')).toBeGreaterThanOrEqual(delays.lookup + delays.body - rounding);
  expect(line).not.toHaveProperty('handshake_ms');
});

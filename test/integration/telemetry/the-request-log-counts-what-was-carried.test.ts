import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { refusingPort, startRawTcp } from '../../harness/raw-upstream.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import type { Handler } from '../../harness/tls-upstream.ts';
import { server, startRelay, startSidecarBefore } from '../relay/relay-setup.ts';
import {
  startBefore,
  startSocketUpstream,
  switching,
  untilNothingIsOpen,
  ways,
} from '../upgrade/websocket-setup.ts';
import { lineNumber } from './request-lines.ts';

/** Answers once the request has come whole. */
const answering =
  (body: string | Buffer, headers: Record<string, string> = {}): Handler =>
  (request, response) => {
    request.resume().on('end', () => response.writeHead(200, headers).end(body));
  };

const events = 'event: message\ndata: {"id":1}\n\n';

describe.each(routes)('on the route by $name', (route) => {
  it('the bodies, with a length or in chunks, in bytes and not in characters', async () => {
    const body = JSON.stringify({ text: 'grün'.repeat(5_000) });
    const { sidecar, open, head } = await startRelay(answering(body));
    const { write, until, leave } = await open(route);
    const length = Buffer.byteLength(body);
    write(`${head(route, 'POST', '/mcp')}Content-Length: ${length}\r\n\r\n${latin1(body)}`);
    expect(await lineNumber(sidecar, 1)).toMatchObject({ request_bytes: length, response_bytes: length });
    write(`${head(route, 'POST', '/mcp')}Transfer-Encoding: chunked\r\n\r\n4\r\ngr\xc3\xbc\r\n1\r\nn\r\n`);
    await until(/\r\n\r\n/);
    write('0\r\n\r\n');
    expect(await lineNumber(sidecar, 2)).toMatchObject({ request_bytes: 5, response_bytes: length });
    leave();
  });

  it('nothing for what has no body, and the compressed bytes of one that is compressed', async () => {
    const zipped = gzipSync('compressed '.repeat(1_000));
    const { sidecar, target } = await startRelay(
      answering(zipped, { 'Content-Encoding': 'gzip', 'Content-Length': String(zipped.length) }),
    );
    await ask(sidecar.proxy, target(route, '/x'), { method: 'HEAD' });
    expect(await lineNumber(sidecar, 1)).toMatchObject({ request_bytes: 0, response_bytes: 0 });
    await ask(sidecar.proxy, target(route, '/x'));
    expect(await lineNumber(sidecar, 2)).toMatchObject({ response_bytes: zipped.length });
  });

  it('the events of a stream that its client left, and so many bytes of a download that was broken off', async () => {
    const { sidecar, open, head } = await startRelay((request, response) => {
      const stream = { 'Content-Type': 'text/event-stream' };
      if (request.url === '/events') response.writeHead(200, stream).write(events);
      else response.writeHead(200, { 'Content-Length': 1_000_000 }).write('x'.repeat(7_777));
    });
    const streaming = await open(route);
    streaming.write(`${head(route, 'GET', '/events')}\r\n`);
    await streaming.until('{"id":1}');
    streaming.leave();
    expect(await lineNumber(sidecar, 1)).toMatchObject({
      reason: 'downstream_aborted',
      phase: 'response',
      response_bytes: events.length,
    });
    const loading = await open(route);
    loading.write(`${head(route, 'GET', '/file')}\r\n`);
    await loading.until('x'.repeat(7_777));
    loading.reset();
    expect(await lineNumber(sidecar, 2)).toMatchObject({
      status: 200,
      reason: 'downstream_aborted',
      response_bytes: 7_777,
    });
  });

  it('what came of a response that the server broke off', async () => {
    const { sidecar, target } = await startRelay((request, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('half', () => request.socket.destroy());
    });
    await ask(sidecar.proxy, target(route, '/x'), { body: '{}' });
    expect(await lineNumber(sidecar, 1)).toMatchObject({
      reason: 'response_incomplete',
      phase: 'response',
      request_bytes: 2,
      response_bytes: 4,
    });
  });

  it('nothing where nobody was reached: the answer is our own', async () => {
    const port = await refusingPort();
    const { sidecar, target } = await startSidecarBefore({
      port,
      host: '127.0.0.1',
      authority: `127.0.0.1:${port}`,
      connections: 0,
      close: () => Promise.resolve(),
    });
    await ask(sidecar.proxy, target(route, '/x'), { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
    expect(await lineNumber(sidecar, 1)).toMatchObject({
      server,
      reason: 'connect_refused',
      request_bytes: 0,
      response_bytes: 0,
    });
  });
});

it('an event that is rewritten counts as it went down', async () => {
  const { sidecar } = await startRelay((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end('event: endpoint\ndata: /messages\n\n');
  });
  const { body } = await ask(sidecar.proxy, `/${server}/sse`);
  expect(body).toContain(`data: /${server}/messages`);
  expect(await lineNumber(sidecar, 1)).toMatchObject({ response_bytes: body.length });
});

describe.each(ways)('a WebSocket by $name', (way) => {
  it('the bytes of its frames, those too that came with the request and with the 101', async () => {
    const frames = { up: '\x81\x85\0\0\0\0hello', down: '\x81\x02hi' };
    const upstream = await startSocketUpstream(way.protocol, ({ write }) =>
      write(`${switching()}${frames.down}`),
    );
    const { sidecar, open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(`${head(way)}${frames.up}`);
    await client.until(`\r\n\r\n${frames.down}`);
    const peer = await upstream.peer();
    client.write(frames.up);
    await poll(() => peer.rest === frames.up + frames.up, { what: 'both frames of the client' });
    peer.write('x'.repeat(100_000));
    await poll(() => client.received.endsWith(frames.down + 'x'.repeat(100_000)), { what: 'all of it' });
    client.leave();
    await peer.untilEnded();
    peer.leave();
    await untilNothingIsOpen(sidecar);
    expect(await lineNumber(sidecar, 1)).toMatchObject({
      status: 101,
      request_bytes: 2 * frames.up.length,
      response_bytes: frames.down.length + 100_000,
    });
  });
});

it('the bytes of a blind tunnel, both ways, without those of the CONNECT', async () => {
  let heard = 0;
  const far = await startRawTcp((socket) => {
    socket.write('banner');
    socket.on('data', (chunk) => (heard += chunk.length)).once('end', () => socket.end('y'.repeat(50_000)));
  });
  const sidecar = await startInProcess({ config: configText({}) });
  const { socket } = await openTunnel(sidecar.proxy, `far.test:${far.port}`);
  socket.resume().end('x'.repeat(30_000));
  expect(await lineNumber(sidecar, 1)).toMatchObject({
    status: 200,
    request_bytes: 30_000,
    response_bytes: 'banner'.length + 50_000,
  });
  expect(heard).toBe(30_000);
});

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { Agent, ProxyAgent, WebSocket, fetch, type Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { acceptOf, caPem, leaf, outcomes, server, untilNothingIsOpen } from './websocket-setup.ts';

/** Speaks just enough of RFC 6455: echoes short text frames and answers a close. */
async function startEcho() {
  const upstream = await startUpstream({ leaf });
  upstream.server.on('upgrade', ({ headers }, socket) => {
    socket.on('error', () => undefined);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(headers['sec-websocket-key'] ?? '')}\r\n\r\n`,
    );
    socket.on('data', (frame: Buffer) => {
      const [first = 0, second = 0] = frame;
      const length = second & 0x7f;
      const payload = frame
        .subarray(6, 6 + length)
        .map((octet, index) => octet ^ (frame[2 + (index % 4)] ?? 0));
      socket.write(Buffer.concat([Buffer.from([first, length]), payload]));
      if ((first & 0x0f) === 8) socket.end();
    });
  });
  const authority = `mcp.test:${upstream.port}`;
  const entry = { url: `https://${authority}/`, ssl_verify: caPem };
  const sidecar = await startInProcess({ config: configText({ [server]: entry }) });
  return { upstream, authority, sidecar };
}

async function talk(url: string, dispatcher: Dispatcher): Promise<string> {
  cleanUp(() => dispatcher.destroy());
  const socket = new WebSocket(url, { dispatcher });
  await once(socket as unknown as EventTarget, 'open');
  const said = once(socket as unknown as EventTarget, 'message');
  socket.send('hello');
  const [{ data }] = (await said) as [{ data: string }];
  const closed = once(socket as unknown as EventTarget, 'close');
  socket.close(1000);
  const [{ wasClean, code }] = (await closed) as [{ wasClean: boolean; code: number }];
  expect({ wasClean, code }).toEqual({ wasClean: true, code: 1000 });
  return data;
}

it("undici's WebSocket through its ProxyAgent with ca-bundle.pem, beside its fetch", async () => {
  const { sidecar, authority } = await startEcho();
  const ca = readFileSync(sidecar.caBundle, 'utf8');
  const dispatcher = new ProxyAgent({ uri: sidecar.proxyUrl, requestTls: { ca } });
  expect((await fetch(`https://${authority}/plain`, { dispatcher })).status).toBe(200);
  expect(await talk(`wss://${authority}/ws`, dispatcher)).toBe('hello');
  await poll(() => outcomes(sidecar).length === 2, { what: 'two log lines' });
  expect(outcomes(sidecar)).toMatchObject([
    { route: 'connect', status: 200 },
    { route: 'connect', status: 101 },
  ]);
});

it("undici's WebSocket on the base URL, on the pool that its fetch uses", async () => {
  const { sidecar, upstream } = await startEcho();
  const dispatcher = new Agent();
  const plain = await fetch(`${sidecar.proxyUrl}/${server}/plain`, { dispatcher });
  expect(await plain.json()).toEqual({ ok: true });
  expect(await talk(`ws://${sidecar.proxy}/${server}/ws`, dispatcher)).toBe('hello');
  expect((await fetch(`${sidecar.proxyUrl}/${server}/plain`, { dispatcher })).status).toBe(200);
  // A WebSocket takes no pooled connection upstream, and spoils none.
  expect(upstream.connections).toBe(2);
  upstream.server.closeAllConnections();
  await untilNothingIsOpen(sidecar);
});

it("node:http's client, in absolute form", async () => {
  const { sidecar, authority } = await startEcho();
  const { hostname, port } = new URL(sidecar.proxyUrl);
  const outgoing = request({
    host: hostname,
    port,
    path: `http://${authority}/ws`,
    headers: {
      Host: authority,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  outgoing.end();
  const [response, socket] = (await once(outgoing, 'upgrade')) as [{ statusCode: number }, Socket];
  cleanUp(() => socket.destroy());
  expect(response.statusCode).toBe(101);
  socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
  const [frame] = (await once(socket, 'data')) as [Buffer];
  expect(frame).toEqual(Buffer.from([0x81, 2, 0x68, 0x69]));
});

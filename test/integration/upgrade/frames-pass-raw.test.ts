import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { fillUntilStalled } from './fill-until-stalled.ts';
import {
  acceptOf,
  key,
  openCounts,
  startBefore,
  startSocketUpstream,
  switching,
  untilNothingIsOpen,
  ways,
} from './websocket-setup.ts';

const extensions = 'permessage-deflate; client_max_window_bits, x-odd; a="b"';
const megabytes = 10;

describe.each(ways)('a WebSocket by $name', (way) => {
  it('has the first frame, that came in one packet with the 101, and what the client sent with the upgrade', async () => {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) =>
      write(`${switching()}\x81\x02hi`),
    );
    const { sidecar, open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(`${head(way)}\x81\x85\0\0\0\0hello`);
    await client.until('\r\n\r\n\x81\x02hi');
    const peer = await upstream.peer();
    await poll(() => peer.rest === '\x81\x85\0\0\0\0hello', { what: 'the first frame of the client' });
    expect(await openCounts(sidecar)).toEqual({ streams: 1, connections: 1 });
    client.leave();
    await peer.untilEnded();
    peer.leave();
    await untilNothingIsOpen(sidecar);
  });

  it('is asked for and accepted in the words of client and server', async () => {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) =>
      write(switching(`Sec-WebSocket-Protocol: mcp\r\nSec-WebSocket-Extensions: ${extensions}\r\n`)),
    );
    const { open, head, authority } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(
      head(way, {
        path: '/ws?q=1',
        headers: `Sec-WebSocket-Protocol: mcp, other\r\nSec-WebSocket-Extensions: ${extensions}\r\nCookie: a=b\r\nProxy-Authorization: Basic eA==\r\n`,
      }),
    );
    await client.until('\r\n\r\n');
    const asked = (await upstream.peer()).head;
    expect(asked).toMatch(/^GET \/ws\?q=1 HTTP\/1\.1\r\n/);
    for (const line of [
      `host: ${authority}`,
      'upgrade: websocket',
      'connection: upgrade',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: mcp, other',
      `Sec-WebSocket-Extensions: ${extensions}`,
      'Cookie: a=b',
    ])
      expect(asked.toLowerCase().split('\r\n')).toContain(line.toLowerCase());
    expect(asked).not.toMatch(/proxy-authorization/i);
    expect(asked).toMatch(/\r\nVia: 1\.1 mcp-tls-sidecar-/i);
    expect(client.received).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    for (const line of [
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Sec-WebSocket-Accept: ${acceptOf(key)}`,
      'Sec-WebSocket-Protocol: mcp',
      `Sec-WebSocket-Extensions: ${extensions}`,
    ])
      expect(client.received.split('\r\n')).toContain(line);
  });

  it(`carries ${megabytes} MB both ways at once, to the byte`, async () => {
    const upstream = await startSocketUpstream(way.protocol, ({ socket, write }) => {
      write(switching());
      socket.on('data', (chunk) => {
        if (!socket.write(chunk)) {
          socket.pause();
          socket.once('drain', () => socket.resume());
        }
      });
    });
    const { open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(head(way));
    await client.until('\r\n\r\n');
    const { socket } = client;
    socket.removeAllListeners('data');
    const [sent, back] = [createHash('sha256'), createHash('sha256')];
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      back.update(chunk);
    });
    for (let sentBytes = 0; sentBytes < megabytes << 20; sentBytes += 65_536) {
      const chunk = randomBytes(65_536);
      sent.update(chunk);
      if (!socket.write(chunk)) await once(socket, 'drain');
    }
    await poll(() => received >= megabytes << 20, { what: 'all of it', timeoutMs: 15_000 });
    expect(received).toBe(megabytes << 20);
    expect(back.digest('hex')).toBe(sent.digest('hex'));
  });
});

it.each(ways)('a reader that stalls stalls the sender, either way, by $name', async (way) => {
  const upstream = await startSocketUpstream(way.protocol);
  const { open, head } = await startBefore(upstream, way.protocol);
  const client = await open(way);
  client.write(head(way));
  await client.until('\r\n\r\n');
  const peer = await upstream.peer();
  for (const [from, to] of [
    [client.socket, peer.socket],
    [peer.socket, client.socket],
  ] as const) {
    to.pause();
    const bytes = await fillUntilStalled(from);
    process.stdout.write(
      `${way.name}: a stalled WebSocket has ${(bytes / (1 << 20)).toFixed(1)} MiB on its way\n`,
    );
    // What the kernel holds at six ends of sockets, and no more of ours than a few high-water marks.
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(64 << 20);
  }
});

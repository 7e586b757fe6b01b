import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, it } from 'vitest';
import { LiveStatus } from '../../../src/admin/live-status.ts';
import type { StatusDocument } from '../../../src/status/status-document.ts';
import { poll } from '../../harness/poll.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** More than the buffers of two sockets hold, and other at each look. */
async function startLive(patienceMs: number): Promise<{ port: number; readers: () => number }> {
  let looks = 0;
  const filling = 'x'.repeat(16_000_000);
  const live = new LiveStatus(() => ({ version: `${++looks}${filling}` }) as StatusDocument, patienceMs);
  const open = new Set<Socket>();
  const server = createServer((_, response) => void live.add(response)).on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => {
    live.close();
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, readers: () => open.size };
}

async function join(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  closing.push(() => socket.destroy());
  return socket;
}

it('a reader of the live status that reads nothing gives its place up, one that reads keeps it', async () => {
  const { port, readers } = await startLive(2_000);
  (await join(port)).pause();
  const reading = await join(port);
  let bytes = 0;
  reading.on('data', (chunk) => (bytes += chunk.length));
  await poll(() => readers() === 2);
  await poll(() => readers() === 1, { timeoutMs: 20_000, what: 'one reader left' });
  const before = bytes;
  await poll(() => bytes > before, { timeoutMs: 20_000, what: 'the other one is still told' });
});

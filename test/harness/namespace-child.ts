/**
 * Runs inside a network namespace that a test made, with an IPC channel: lets the test in over Unix sockets, which
 * network namespaces do not part, and answers DNS there with NXDOMAIN if it was asked to.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [, , dns, ...doors] = process.argv;

for (const door of doors) {
  const [path = '', port = ''] = door.split('=');
  const server = createServer((socket) => {
    const inner = connect(Number(port), '127.0.0.1');
    pipeline(socket, inner, socket, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

if (dns === 'nxdomain') {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => socket.send(nonexistent(query), peer.port, peer.address));
  await new Promise<void>((resolve) => socket.bind(53, '127.0.0.1', resolve));
}

process.send?.('ready');
// The test went away, however it did.
process.once('disconnect', () => process.exit());

/** The answer to any query (RFC 1035, section 4): its id and question, and the name does not exist. */
function nonexistent(query: Buffer): Buffer {
  let end = 12;
  while (query[end] !== undefined && query[end] !== 0) end += (query[end] ?? 0) + 1;
  const question = query.subarray(12, end + 5);
  const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, question]);
}

import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';

/** A body of at most this many bytes is copied between what frames it: one write, and one TLS record if it is small. */
const maxJoinedBytes = 65_536;

/**
 * Writes a piece of a body with what frames it, all at once.
 *
 * @param before in Latin-1, as is what comes behind; each of the three may be empty
 * @returns whether the socket takes more at once
 */
export function writeFramed(socket: Socket, before: string, body: Buffer, behind: string): boolean {
  if (body.length === 0) {
    const text = before + behind;
    return text === '' || socket.write(text, 'latin1');
  }
  if (before === '' && behind === '') return socket.write(body);
  if (body.length > maxJoinedBytes) return writeApart(socket, before, body, behind);
  const joined = Buffer.allocUnsafe(before.length + body.length + behind.length);
  joined.write(before, 'latin1');
  body.copy(joined, before.length);
  joined.write(behind, before.length + body.length, 'latin1');
  return socket.write(joined);
}

function writeApart(socket: Socket, before: string, body: Buffer, behind: string): boolean {
  socket.cork();
  if (before !== '') socket.write(before, 'latin1');
  let takesMore = socket.write(body);
  if (behind !== '') takesMore = socket.write(behind, 'latin1');
  socket.uncork();
  return takesMore;
}

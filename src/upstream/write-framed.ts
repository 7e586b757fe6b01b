import type { Socket } from 'node:net';

/** As much text as this Node writes without a buffer of its own (`stack_storage` in src/stream_base.cc). */
const maxTextBytes = 16_384;

/**
 * Writes a piece of a body with what frames it, all at once. A small one goes as text, for which Node needs no buffer: it
 * is the fastest way, and the text that frames it is not joined before.
 *
 * @param before in Latin-1, as is what comes behind; each of the three may be empty
 * @returns whether the socket takes more at once
 */
export function writeFramed(socket: Socket, before: string, body: Buffer, behind: string): boolean {
  const bytes = before.length + body.length + behind.length;
  if (bytes === 0) return true;
  if (bytes === body.length) return socket.write(body);
  if (bytes <= maxTextBytes) return socket.write(before + body.toString('latin1') + behind, 'latin1');
  socket.cork();
  if (before !== '') socket.write(before, 'latin1');
  let takesMore = socket.write(body);
  if (behind !== '') takesMore = socket.write(behind, 'latin1');
  socket.uncork();
  return takesMore;
}

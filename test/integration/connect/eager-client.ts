import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connectTo } from '../../harness/open-tunnel.ts';

/**
 * A CONNECT whose tunnel is used before it is granted: what is written first goes out in one packet with the CONNECT,
 * and what comes back is read from behind the 200.
 */
export function openEagerly(proxy: string, target: string): Duplex {
  const socket: Socket = connectTo(proxy);
  let head = `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
  let answer: Buffer | undefined = Buffer.alloc(0);
  const tunnel = new Duplex({
    write(chunk: Buffer, _encoding, callback) {
      socket.write(Buffer.concat([Buffer.from(head), chunk]), callback);
      head = '';
    },
    read: () => socket.resume(),
    final: (callback) => void socket.end(callback),
    destroy: (error, callback) => {
      socket.destroy();
      callback(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (answer === undefined) {
      tunnel.push(chunk);
      return;
    }
    answer = Buffer.concat([answer, chunk]);
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!answer.toString('latin1').startsWith('HTTP/1.1 200 ')) tunnel.destroy(new Error(answer.toString()));
    const rest = answer.subarray(end + 4);
    answer = undefined;
    if (rest.length > 0) tunnel.push(rest);
  });
  socket.on('end', () => tunnel.push(null));
  return tunnel;
}

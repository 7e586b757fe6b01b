import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { isWhole, postMessages } from './messages.ts';

/** Calls of a client that connects anew for each, one after the other, and never resumes a session. */
export interface AnewJob {
  readonly kind: 'anew';
  readonly port: number;
  readonly path: string;
  readonly calls: number;
  /** TLS, verified by that CA, in place of plain HTTP. */
  readonly caFile?: string | undefined;
  /** The proxy that a CONNECT is sent to; `port` is the server's all the same. */
  readonly proxyPort?: number | undefined;
}

/** @returns from the first packet to the last byte of the answer */
export async function connectAnew(job: AnewJob): Promise<number[]> {
  // Made once: a client that makes it for every call pays far more than the handshake.
  const context =
    job.caFile === undefined ? undefined : createSecureContext({ ca: readFileSync(job.caFile) });
  const host = job.caFile === undefined ? '127.0.0.1' : 'localhost';
  const messages = postMessages(`${host}:${job.port}`, job.path);
  const tookUs: number[] = [];
  for (let made = 0; made < job.calls; made++) {
    const startedMs = performance.now();
    await call(job, context, messages[made % messages.length] ?? Buffer.alloc(0));
    tookUs.push((performance.now() - startedMs) * 1000);
  }
  return tookUs;
}

async function call(job: AnewJob, context: SecureContext | undefined, message: Buffer): Promise<void> {
  const tcp = connectTcp({ port: job.proxyPort ?? job.port, host: '127.0.0.1', noDelay: true });
  // Where it is wrapped or read, an error is told there too.
  tcp.on('error', () => undefined);
  if (job.proxyPort !== undefined) await openTunnel(tcp, `localhost:${job.port}`);
  const socket =
    context === undefined
      ? tcp
      : connectTls({
          socket: tcp,
          secureContext: context,
          servername: 'localhost',
          ALPNProtocols: ['http/1.1'],
        });
  // Node holds it back until the connection, or the handshake, is there.
  socket.write(message);
  const received = await readUntil(socket, isWhole);
  socket.destroy();
  if (!received.startsWith('HTTP/1.1 200')) throw new Error(received.slice(0, 300));
}

async function openTunnel(socket: Socket, authority: string): Promise<void> {
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const received = await readUntil(socket, (text) => text.includes('\r\n\r\n'));
  if (!received.startsWith('HTTP/1.1 200')) throw new Error(received.slice(0, 300));
}

function readUntil(socket: Socket, isEnough: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const read = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (!isEnough(received)) return;
      socket.off('data', read).off('error', reject).off('end', ended);
      resolve(received);
    };
    const ended = () => reject(new Error(`the connection was ended after: ${received.slice(0, 300)}`));
    socket.on('data', read).once('error', reject).once('end', ended);
  });
}

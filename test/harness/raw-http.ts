import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

export interface SendRawOptions {
  readonly host?: string;
  /** Connects to it; left out where a `socket` is given. */
  readonly port?: number;
  /** A connection that stands already: to a route, say. It is cut at the end. */
  readonly socket?: Socket;
  /** Written at once, as they are. */
  readonly bytes: string | Buffer;
  /** Speak TLS with these options. */
  readonly tls?: ConnectionOptions;
  /** When nothing ends the connection before: what has come until then is the result. */
  readonly timeoutMs?: number;
  /** Do not wait any longer once this holds for what has come. */
  readonly until?: (received: string) => boolean;
}

/** Sends bytes and returns all that comes back until the peer closes, resets, or the time is over. */
export function sendRaw(options: SendRawOptions): Promise<Buffer> {
  const { timeoutMs = 2_000, until } = options;
  const socket = options.socket ?? open(options);
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (until?.(Buffer.concat(chunks).toString('latin1'))) socket.destroy();
    });
    socket.on('end', () => socket.destroy());
    // A reset is an answer like any other: what came before it is what the test looks at.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    socket.write(options.bytes);
  });
}

function open({ host = '127.0.0.1', port = 0, tls }: SendRawOptions): Socket {
  return tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...tls });
}

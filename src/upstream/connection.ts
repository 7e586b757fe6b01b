import type { Socket } from 'node:net';
import { Client } from 'undici';
import { formatAuthority, type Authority } from '../authority.ts';
import type { Dialled } from './dial.ts';

/** undici asks for a second socket only when the first is gone before a byte of the request was written. */
class ConnectionGoneError extends Error {
  readonly code = 'ECONNRESET';
}

/** One upstream socket with undici's HTTP/1.1 on it: a client of one connection that is never dialled again. */
export class Connection {
  readonly client: Client;
  readonly bornMs = performance.now();
  readonly socket: Socket;
  /** The metric label of who dialled it. */
  readonly server: string;
  /** Whether it ends at the upstream proxy, which wants requests in absolute form. */
  readonly isForwarded: boolean;
  /** Whether it served a request before the present one. */
  reused = false;
  /** No longer fit for another request. */
  closed = false;
  /** The socket's first error. undici tells the last: after an alert that is only `other side closed`. */
  socketError: Error | undefined;
  #onClose: (() => void) | undefined;

  constructor(dialled: Dialled, options: { authority: Authority; server: string; headerBytes: number }) {
    this.socket = dialled.socket;
    this.server = options.server;
    this.isForwarded = dialled.isForwarded;
    // undici listens only from the first request on.
    this.socket.on('error', (error) => (this.socketError ??= error));
    this.socket.once('close', () => this.#closed());
    let handedOver = false;
    // The socket is made already: to undici it is plain, so that it has no opinion on server names.
    this.client = new Client(`http://${formatAuthority(options.authority)}`, {
      connect: (_, callback) => {
        const first = !handedOver;
        handedOver = true;
        // Within its own call undici would not notice that it may go on.
        process.nextTick(() =>
          first
            ? callback(null, this.socket)
            : callback(new ConnectionGoneError('the connection is gone'), null),
        );
      },
      allowH2: false,
      pipelining: 1,
      // Streams have no time limit; the response head has ours.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: options.headerBytes,
      keepAliveTimeout: maxLifeMs,
      keepAliveMaxTimeout: maxLifeMs,
    });
  }

  /** @param listener called once, when the socket is gone */
  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  /** Ends it at once, with whatever is under way on it. */
  destroy(): void {
    this.closed = true;
    this.socket.destroy();
    this.client.destroy().catch(() => undefined);
  }

  #closed(): void {
    this.closed = true;
    this.client.destroy().catch(() => undefined);
    this.#onClose?.();
  }
}

/** INTERFACE section 4: pooled connections live at most five minutes. */
export const maxLifeMs = 300_000;

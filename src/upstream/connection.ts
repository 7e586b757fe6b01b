import type { Socket } from 'node:net';
import { Client } from 'undici';
import { formatAuthority, formatHostHeader, type Authority } from '../authority.ts';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import { classifyExchangeError, errorCode } from './classify.ts';
import type { Dialled } from './dial.ts';

/** undici asks for a second socket only when the first is gone before a byte of the request was written. */
class ConnectionGoneError extends Error {
  readonly code = 'ECONNRESET';
}

/** Where a request goes, in the terms of the connection that it is written on. */
export interface Addressed {
  /** The `Host` header. */
  readonly host: string;
  /** The request target: a path, or for the upstream proxy a URL. */
  readonly path: string;
  /** `Proxy-Authorization`. */
  readonly login: string | undefined;
}

/** One upstream socket with undici's HTTP/1.1 on it: a client of one connection that is never dialled again. */
export class Connection {
  readonly client: Client;
  readonly bornMs = performance.now();
  readonly socket: Socket;
  /** The metric label of who dialled it. */
  readonly server: string;
  readonly authority: Authority;
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
    this.authority = options.authority;
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

  /**
   * How a request is written on this connection: the upstream proxy, where it ends there, wants the URL whole and its
   * own login.
   *
   * @param target path and query at the server
   */
  address(way: Way, { method, target }: { readonly method: string; readonly target: string }): Addressed {
    const host = formatHostHeader(way.authority, way.policy === undefined ? 'http' : 'https');
    if (!this.isForwarded) return { host, path: target, login: undefined };
    // A TRACE would bring the login back to the client (RFC 9110 section 9.3.8).
    const login = method === 'TRACE' ? undefined : way.proxy?.authorization;
    return { host, path: `http://${host}${target}`, login };
  }

  /**
   * What an error of a request on this connection means.
   *
   * @param begun whether the response head had come
   */
  failureOf(error: unknown, begun: boolean): Failure {
    const cause = errorCode(error) === 'UND_ERR_SOCKET' ? (this.socketError ?? error) : error;
    const reason = classifyExchangeError(cause, begun);
    // In TLS 1.3 the server judges our side of the handshake after we are done with it.
    const isLate = reason.startsWith('tls_') && !this.reused;
    return new Failure(reason, isLate ? 'handshake' : 'response', cause);
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

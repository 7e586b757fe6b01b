import type { Socket } from 'node:net';
import type { Authority } from '../authority.ts';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import { classifyExchangeError } from './classify.ts';
import type { Dialled } from './dial.ts';
import { MalformedResponseError } from './malformed-response.ts';
import { readDirectly } from './read-directly.ts';
import { ResponseHeads } from './response-head.ts';
import { ResponseParser, type ResponseParts } from './response-parser.ts';

const noBytes: Buffer = Buffer.alloc(0);

/** The server has closed its side before the response was whole. */
class ConnectionLostError extends Error {
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

/** Hears of the response to a request, and of what becomes of the connection meanwhile. */
export interface ResponseReceiver extends ResponseParts {
  /** All has been told that one read of the socket brought. */
  onRead(): void;
  /** After a write that returned false: the connection takes more. */
  onDrain(): void;
  /** There is no response, or no more of it. */
  onError(error: Error): void;
}

/** A request that is under way. */
interface UnderWay {
  readonly parser: ResponseParser;
  readonly receiver: ResponseReceiver;
}

/** One upstream socket with HTTP/1.1 on it, one request at a time. It is never dialled again. */
export class Connection {
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
  /** How long it may stay unused: less where the server says so. */
  idleMs = maxIdleMs;
  /** Since when it is unused, on the monotonic clock. */
  idleSinceMs = 0;
  readonly #headerBytes: number;
  readonly #heads = new ResponseHeads();
  readonly #stopReading: () => void;
  #underWay: UnderWay | undefined;
  /** The first: after an alert what follows is only that the other side closed. */
  #socketError: Error | undefined;
  #onClose: (() => void) | undefined;
  /** What came behind a 101. */
  #rest = noBytes;

  constructor(dialled: Dialled, options: { authority: Authority; server: string; headerBytes: number }) {
    this.socket = dialled.socket;
    this.server = options.server;
    this.authority = options.authority;
    this.isForwarded = dialled.isForwarded;
    this.#headerBytes = options.headerBytes;
    this.#stopReading = readDirectly(this.socket, this.#read);
    this.socket
      .on('drain', this.#drained)
      .once('end', this.#ended)
      .on('error', (error) => (this.#socketError ??= error))
      .once('close', () => this.#gone());
  }

  /**
   * How a request is written on this connection: the upstream proxy, where it ends there, wants the URL whole and its
   * own login.
   *
   * @param target path and query at the server
   */
  address(way: Way, { method, target }: { readonly method: string; readonly target: string }): Addressed {
    const { host } = way;
    if (!this.isForwarded) return { host, path: target, login: undefined };
    // A TRACE would bring the login back to the client (RFC 9110 section 9.3.8).
    const login = method === 'TRACE' ? undefined : way.proxy?.authorization;
    return { host, path: `http://${host}${target}`, login };
  }

  /** The response to the request that is written from now on. Nothing is read of a connection that is closed. */
  expect(method: string, receiver: ResponseReceiver): void {
    const parser = new ResponseParser(method, this.#headerBytes, receiver, this.#heads);
    this.#underWay = { parser, receiver };
  }

  /** @param data a string is Latin-1 @returns whether it takes more at once */
  write(data: Buffer | string): boolean {
    return this.socket.write(data, 'latin1');
  }

  /** No more of the response, until {@link resume}. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Takes the socket away after a 101, with what came behind that put back. */
  detach(): Socket {
    this.closed = true;
    const { socket } = this;
    this.#stopReading();
    socket.pause().off('drain', this.#drained).off('end', this.#ended);
    if (this.#rest.length > 0) socket.unshift(this.#rest);
    return socket;
  }

  /** Why it is closed. */
  get error(): Error {
    return this.#socketError ?? new ConnectionLostError('the server closed the connection');
  }

  /**
   * What an error of a request on this connection means.
   *
   * @param begun whether the response head had come
   */
  failureOf(error: Error, begun: boolean): Failure {
    const reason = classifyExchangeError(error, begun);
    // In TLS 1.3 the server judges our side of the handshake after we are done with it.
    const isLate = reason.startsWith('tls_') && !this.reused;
    return new Failure(reason, isLate ? 'handshake' : 'response', error);
  }

  /** @param listener called once, when the socket is gone */
  onClose(listener: () => void): void {
    this.#onClose = listener;
  }

  /** Ends it at once. Nobody hears any more of what is under way on it. */
  destroy(): void {
    this.closed = true;
    this.#underWay = undefined;
    this.socket.destroy();
  }

  readonly #read = (chunk: Buffer): void => {
    const underWay = this.#underWay;
    // Bytes that nobody asked for.
    if (underWay === undefined) {
      this.destroy();
      return;
    }
    const { parser, receiver } = underWay;
    this.#tell(receiver, () => {
      const end = parser.read(chunk);
      if (end instanceof MalformedResponseError) {
        this.#fail(end);
        return;
      }
      // It was ended because of what it told.
      if (this.#underWay === undefined) return;
      if (parser.isOver) this.#finish(parser, end === chunk.length ? noBytes : chunk.subarray(end));
      receiver.onRead();
    });
  };

  /** What the receiver throws is a bug, which is to cost this request alone. */
  #tell(receiver: ResponseReceiver, tell: () => void): void {
    try {
      tell();
    } catch (error) {
      // Not by #fail(), which tells nobody once the response is whole.
      this.destroy();
      receiver.onError(error as Error);
    }
  }

  #finish({ head }: ResponseParser, rest: Buffer): void {
    this.#underWay = undefined;
    if (head?.status === 101) this.#rest = rest;
    else if (rest.length > 0 || head?.keepsAlive !== true) this.closed = true;
    if (head?.keepAliveMs !== undefined) this.idleMs = Math.min(maxIdleMs, head.keepAliveMs - clockSkewMs);
    // Not a moment: it is of no use to the pool.
    if (this.idleMs <= 0) this.closed = true;
  }

  readonly #drained = (): void => this.#underWay?.receiver.onDrain();

  readonly #ended = (): void => {
    this.closed = true;
    if (this.#underWay !== undefined) {
      const { parser, receiver } = this.#underWay;
      this.#tell(receiver, () => {
        if (!parser.end()) return;
        this.#underWay = undefined;
        receiver.onRead();
      });
    }
    this.socket.destroy();
  };

  #gone(): void {
    this.closed = true;
    this.#fail(this.error);
    this.#onClose?.();
  }

  #fail(error: Error): void {
    const { receiver } = this.#underWay ?? {};
    this.destroy();
    receiver?.onError(error);
  }
}

/** INTERFACE section 4: pooled connections live at most five minutes. */
export const maxLifeMs = 300_000;
/** An unused connection is closed after this long, as nginx does (keepalive_timeout 60s). */
const maxIdleMs = 60_000;
/** How much earlier than the server we let go of a connection: a request may be on its way when the server does. */
const clockSkewMs = 1_000;

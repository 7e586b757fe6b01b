import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { Failure } from '../failure.ts';
import type { Connection } from '../upstream/connection.ts';
import { refusedByProxy } from '../upstream/proxy-tunnel.ts';
import type { Carried } from './carried.ts';
import { bindsConnection, headerValues, mapHeader, type RawHeaders } from './headers.ts';
import { isWebSocketAccepted } from './upgrade.ts';

/** What goes upstream. */
export interface ExchangeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: string[];
  readonly body: Buffer | AsyncIterable<Buffer> | null;
  /** Whether it asks for a WebSocket. */
  readonly isUpgrade: boolean;
}

/** What happens to a response on its way down. */
export interface ResponsePolicy {
  /** Whether its body may have to be read: then it is asked for unencoded. */
  readonly readsBody: boolean;
  /** The headers to send, or why the response cannot be passed on. */
  head(raw: RawHeaders, status: number): string[] | Failure;
  /** A filter for the body of this response; undefined where it passes untouched. */
  filter(raw: RawHeaders): BodyFilter | Failure | undefined;
}

/** Looks at a body as it passes. */
export interface BodyFilter {
  push(chunk: Buffer): { pass: Buffer; failure?: Failure };
  flush(): { pass: Buffer; failure?: Failure };
}

/** How an exchange ended. */
export interface ExchangeResult {
  /** The status that went down; undefined where no byte of a response did. */
  readonly status: number | undefined;
  readonly failure: Failure | undefined;
  /** True where not a byte of the request was written: it may be sent again on another connection. */
  readonly unsent: boolean;
  /** Whether the server asked for authentication that binds the connection. */
  readonly bindsConnection: boolean;
  /** What a 101 leads to; nothing of it has gone down yet. */
  readonly upgraded: Upgraded | undefined;
}

/** A server's 101 and the connection that is raw from then on. */
export interface Upgraded {
  readonly headers: RawHeaders;
  readonly socket: Socket;
}

/** What one exchange takes. */
export interface ExchangeOptions {
  readonly connection: Connection;
  readonly request: ExchangeRequest;
  readonly response: ServerResponse;
  readonly policy: ResponsePolicy;
  /** 0: none. */
  readonly responseTimeoutMs: number;
  /** Aborted with a {@link Failure} when the client leaves or the sidecar drains. */
  readonly signal: AbortSignal;
  /** Counts what goes down of the body. */
  readonly carried: Carried;
}

/**
 * Sends a request over a connection and relays the response: head at once, body unbuffered with back-pressure,
 * trailers. The seam behind which a faster relay can take undici's place.
 */
export function exchange(options: ExchangeOptions): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    const relay = new Relay(options, resolve);
    const { request, connection } = options;
    const { method, target: path, headers, body } = request;
    const upgrade = request.isUpgrade ? 'websocket' : null;
    try {
      connection.client.dispatch({ method, path, headers, body: body as never, upgrade }, relay);
    } catch (error) {
      relay.onResponseError(undefined, error);
    }
  });
}

class Relay implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #onAbort = () => this.#abort(this.#options.signal.reason as Failure);
  #controller: Dispatcher.DispatchController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #filter: BodyFilter | undefined;
  #status: number | undefined;
  #failure: Failure | undefined;
  #bindsConnection = false;
  #bodyBegun = false;
  #upgraded: Upgraded | undefined;

  constructor(options: ExchangeOptions, resolve: (result: ExchangeResult) => void) {
    this.#options = options;
    this.#resolve = resolve;
    options.signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { signal, responseTimeoutMs } = this.#options;
    if (signal.aborted) this.#onAbort();
    else if (responseTimeoutMs > 0)
      this.#timer = setTimeout(
        () => this.#abort(new Failure('response_timeout', 'response')),
        responseTimeoutMs,
      );
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    socket: Socket,
  ): void {
    clearTimeout(this.#timer);
    const { response, policy } = this.#options;
    const raw = decodeHeaders(controller.rawHeaders);
    const head = isWebSocketAccepted(response.req, status, raw) ? policy.head(raw, status) : badUpgrade();
    if (head instanceof Failure) {
      this.#failure ??= head;
      socket.destroy();
    } else this.#upgraded = { headers: head, socket };
    this.#settle();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    text?: string,
  ): void {
    const raw = decodeHeaders(controller.rawHeaders);
    const { response, policy } = this.#options;
    if (status === 101) {
      this.#abort(badUpgrade());
      return;
    }
    if (status < 200) {
      if (status === 103) passHints(response, raw);
      return;
    }
    clearTimeout(this.#timer);
    this.#bindsConnection = bindsConnection(raw, 'www-authenticate');
    const isRefused = status === 407 && this.#options.connection.isForwarded;
    const head = isRefused ? refusedByProxy(status) : policy.head(raw, status);
    const filter = policy.filter(raw);
    if (head instanceof Failure || filter instanceof Failure) {
      this.#abort(head instanceof Failure ? head : (filter as Failure));
      return;
    }
    this.#filter = filter;
    response.on('drain', () => controller.resume());
    response.writeHead(
      status,
      reasonPhrase(text),
      mayEndInTrailers(response, status, head) ? head : withoutTrailer(head),
    );
    this.#status = status;
    // Where body bytes came with the head, they leave with it; where none did, the head must not wait for them.
    process.nextTick(() => {
      // Not flushHeaders(), which writes as UTF-8 what HTTP has in Latin-1.
      if (!this.#bodyBegun && !response.writableEnded) response.write('', 'latin1');
    });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const filtered = this.#filter?.push(chunk);
    const pass = filtered?.pass ?? chunk;
    if (pass.length > 0) {
      this.#bodyBegun = true;
      if (!this.#pass(pass)) controller.pause();
    }
    if (filtered?.failure !== undefined) this.#abort(filtered.failure);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    const { response } = this.#options;
    const held = this.#filter?.flush();
    if (held !== undefined && held.pass.length > 0) this.#pass(held.pass);
    if (held?.failure !== undefined) {
      this.#failure ??= held.failure;
      this.#settle();
      return;
    }
    const trailers = decodeHeaders(controller.rawTrailers);
    if (trailers.length > 0) response.addTrailers(inPairs(trailers));
    response.end();
    this.#settle();
  }

  onResponseError(_: unknown, error: unknown): void {
    this.#failure ??= this.#options.connection.failureOf(error, this.#status !== undefined);
    this.#settle();
  }

  #pass(chunk: Buffer): boolean {
    const { response, carried } = this.#options;
    carried.responseBytes += chunk.length;
    return response.write(chunk);
  }

  #abort(failure: Failure): void {
    this.#failure ??= failure;
    // Before the request starts there is nothing to stop yet: onRequestStart looks at the signal.
    this.#controller?.abort(new Error(this.#failure.reason));
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    this.#resolve({
      status: this.#status,
      failure: this.#failure,
      unsent: this.#controller === undefined,
      bindsConnection: this.#bindsConnection,
      upgraded: this.#upgraded,
    });
  }
}

function badUpgrade(): Failure {
  return new Failure('response_malformed', 'response', new Error('a 101 that does not accept the WebSocket'));
}

/** undici hands on the bytes of names and values in turn; HTTP headers are Latin-1 (RFC 9110 section 5.5). */
function decodeHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  return Array.isArray(raw)
    ? raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1')))
    : [];
}

function inPairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : [],
  );
}

/** node:http wants its parts in Latin-1 characters, undici reads the phrase as UTF-8. */
function reasonPhrase(text = ''): string {
  return /[^\u0020-\u007e]/.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/** Whether node:http will send the body in chunks: it refuses to announce trailers for any other. */
function mayEndInTrailers(response: ServerResponse, status: number, head: RawHeaders): boolean {
  const { method } = response.req;
  if (!response.useChunkedEncodingByDefault || method === 'HEAD' || status === 204 || status === 304)
    return false;
  return headerValues(head, 'content-length').length === 0;
}

function withoutTrailer(head: RawHeaders): string[] {
  return mapHeader(head, 'trailer', () => undefined);
}

/** A hint is optional (RFC 8297): one that node:http will not send does not cost the response that follows. */
function passHints(response: ServerResponse, raw: RawHeaders): void {
  if (response.req.httpVersion === '1.0') return;
  try {
    response.writeEarlyHints({ link: linksOf(raw) });
  } catch {
    // Not in the one form that node:http knows.
  }
}

function linksOf(raw: RawHeaders): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'link');
}

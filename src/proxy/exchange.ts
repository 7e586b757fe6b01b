import type { Socket } from 'node:net';
import type { ClientRequest, ClientResponse } from '../downstream/message.ts';
import { Failure } from '../failure.ts';
import type { Connection, ResponseReceiver } from '../upstream/connection.ts';
import { refusedByProxy } from '../upstream/proxy-tunnel.ts';
import type { ResponseHead } from '../upstream/response-head.ts';
import { hasHeader, headerValues, type RawHeaders } from '../upstream/raw-headers.ts';
import type { Cancellation } from './cancellation.ts';
import type { Carried } from './carried.ts';
import { bindsConnection, mapHeader } from './headers.ts';
import type { RequestBody } from './request-body.ts';
import { isWebSocketAccepted } from './upgrade.ts';
import { Upload } from './upload.ts';

/** What goes upstream. */
export interface ExchangeRequest {
  readonly method: string;
  /** As it is written, in Latin-1. */
  readonly head: string;
  readonly body: RequestBody;
}

/** What happens to a response on its way down. */
export interface ResponsePolicy {
  /** The header lines to send where the head passes as those of its form do; undefined where it is to be looked at. */
  known(head: ResponseHead): string | undefined;
  /** Whether its body may have to be read: then it is asked for unencoded. */
  readonly readsBody: boolean;
  /** The headers to send, or why the response cannot be passed on. */
  head(raw: RawHeaders, status: number): string[] | Failure;
  /** A filter for the body of this response; undefined where it passes untouched. */
  filter(raw: RawHeaders): BodyFilter | Failure | undefined;
  /** Told what was sent of a head, which others of its form may be like. */
  passed(head: ResponseHead, sent: RawHeaders): void;
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
  /** The client's own. */
  readonly asked: ClientRequest;
  readonly response: ClientResponse;
  readonly policy: ResponsePolicy;
  /** Whether the request asks for a WebSocket. */
  readonly isUpgrade: boolean;
  /** 0: none. */
  readonly responseTimeoutMs: number;
  /** For when the client leaves or the sidecar drains. */
  readonly cancellation: Cancellation;
  /** Counts what goes down of the body. */
  readonly carried: Carried;
}

/**
 * Sends a request over a connection and relays the response: head at once, body unbuffered with back-pressure,
 * trailers. What one read of the upstream socket brought leaves in one write.
 */
export function exchange(options: ExchangeOptions): Promise<ExchangeResult> {
  return new Promise((resolve) => new Exchange(options, resolve).begin());
}

class Exchange implements ResponseReceiver {
  /** With all that it leads to, so that V8 does not take back the code that it made for them: docs/decisions/0016. */
  static last: Exchange | undefined;
  readonly #options: ExchangeOptions;
  readonly #resolve: (result: ExchangeResult) => void;
  readonly #upload: Upload;
  #timer: NodeJS.Timeout | undefined;
  #filter: BodyFilter | undefined;
  #status: number | undefined;
  #failure: Failure | undefined;
  #bindsConnection = false;
  #upgrade: RawHeaders | undefined;
  /** What came since the last write. */
  readonly #pending: Buffer[] = [];
  #headPending = false;
  #trailers: RawHeaders | undefined;

  constructor(options: ExchangeOptions, resolve: (result: ExchangeResult) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#upload = new Upload(options.connection, options.request);
    Exchange.last = this;
  }

  begin(): void {
    const { cancellation, connection, request, responseTimeoutMs } = this.#options;
    this.#failure = cancellation.failure;
    if (this.#failure !== undefined || connection.closed) {
      this.#failure ??= connection.failureOf(connection.error, false);
      this.#settle(true);
      return;
    }
    cancellation.listen((failure) => this.#abort(failure));
    if (responseTimeoutMs > 0)
      this.#timer = setTimeout(
        () => this.#abort(new Failure('response_timeout', 'response')),
        responseTimeoutMs,
      );
    connection.expect(request.method, this);
    this.#upload.begin();
  }

  onHead(head: ResponseHead): void {
    const { asked, response, isUpgrade } = this.#options;
    const { status, headers } = head;
    if (status < 200 && status !== 101) {
      if (status === 103) passHints(asked, response, headers);
      return;
    }
    clearTimeout(this.#timer);
    if (status === 101) {
      this.#switch(isUpgrade && isWebSocketAccepted(asked, status, headers), headers);
      return;
    }
    const failure = this.#sendHead(head);
    if (failure !== undefined) {
      this.#abort(failure);
      return;
    }
    this.#status = status;
    this.#headPending = true;
    this.#options.request.body.forget();
  }

  #sendHead(head: ResponseHead): Failure | undefined {
    const { asked, response, policy, connection } = this.#options;
    const { status, phrase, headers } = head;
    const known = policy.known(head);
    if (known !== undefined && response.writeLines !== undefined) {
      response.writeLines(status, phrase, known);
      return undefined;
    }
    this.#bindsConnection = bindsConnection(headers, 'www-authenticate');
    const isRefused = status === 407 && connection.isForwarded;
    const relayed = isRefused ? refusedByProxy(status) : policy.head(headers, status);
    if (relayed instanceof Failure) return relayed;
    const filter = policy.filter(headers);
    if (filter instanceof Failure) return filter;
    this.#filter = filter;
    const sent = mayEndInTrailers(asked, status, relayed) ? relayed : withoutTrailer(relayed);
    response.writeHead(status, phrase, sent);
    policy.passed(head, sent);
    return undefined;
  }

  onBody(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    const filtered = this.#filter?.push(chunk);
    this.#pass(filtered?.pass ?? chunk);
    if (filtered?.failure !== undefined) this.#abort(filtered.failure);
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#failure !== undefined) return;
    const held = this.#filter?.flush();
    if (held !== undefined) this.#pass(held.pass);
    if (held?.failure !== undefined) this.#abort(held.failure);
    else this.#trailers = trailers;
  }

  onRead(): void {
    if (this.#upgrade !== undefined) this.#settle();
    else if (this.#trailers !== undefined) this.#end(this.#trailers);
    else if (this.#status !== undefined) this.#flush();
  }

  onDrain(): void {
    this.#upload.resume();
  }

  onError(error: Error): void {
    this.#abort(this.#options.connection.failureOf(error, this.#status !== undefined));
  }

  /** Where body bytes came with the head, they leave with it; where none did, the head does not wait for them. */
  #flush(): void {
    const { response, connection } = this.#options;
    const bytes = this.#takePending();
    if (bytes === undefined && !this.#headPending) return;
    this.#headPending = false;
    // Not flushHeaders(), which writes as UTF-8 what HTTP has in Latin-1.
    if (response.write(bytes ?? '', 'latin1')) return;
    connection.pause();
    response.once('drain', () => connection.resume());
  }

  #end(trailers: RawHeaders): void {
    const { response, connection } = this.#options;
    if (trailers.length > 0) response.addTrailers(inPairs(trailers));
    response.end(this.#takePending());
    // Its server has said all it has to say: the rest of the request is for nobody.
    if (!this.#upload.isOver) connection.destroy();
    else connection.resume();
    this.#settle();
  }

  #switch(isAccepted: boolean, headers: RawHeaders): void {
    const head = isAccepted ? this.#options.policy.head(headers, 101) : badUpgrade();
    if (head instanceof Failure) this.#abort(head);
    else this.#upgrade = head;
  }

  #pass(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#options.carried.responseBytes += chunk.length;
    this.#pending.push(chunk);
  }

  #takePending(): Buffer | undefined {
    const bytes = this.#pending.length > 1 ? Buffer.concat(this.#pending) : this.#pending[0];
    this.#pending.length = 0;
    return bytes;
  }

  #abort(failure: Failure): void {
    // What had come before it is the client's all the same.
    if (this.#status !== undefined) this.#flush();
    this.#failure ??= failure;
    this.#options.connection.destroy();
    this.#settle();
  }

  #settle(unsent = false): void {
    clearTimeout(this.#timer);
    this.#options.cancellation.listen(undefined);
    this.#upload.stop();
    const upgraded =
      this.#upgrade === undefined || this.#failure !== undefined
        ? undefined
        : { headers: this.#upgrade, socket: this.#options.connection.detach() };
    this.#resolve({
      status: this.#status,
      failure: this.#failure,
      unsent,
      bindsConnection: this.#bindsConnection,
      upgraded,
    });
  }
}

function badUpgrade(): Failure {
  return new Failure('response_malformed', 'response', new Error('a 101 that does not accept the WebSocket'));
}

function inPairs(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as [string, string]] : [],
  );
}

/** Whether the body goes down in chunks: node:http refuses to announce trailers for any other. */
function mayEndInTrailers(asked: ClientRequest, status: number, head: RawHeaders): boolean {
  const { httpVersion, method } = asked;
  if (httpVersion === '1.0' || method === 'HEAD' || status === 204 || status === 304) return false;
  return !hasHeader(head, 'content-length');
}

function withoutTrailer(head: string[]): string[] {
  return mapHeader(head, 'trailer', () => undefined);
}

/** A hint is optional (RFC 8297): one that node:http will not send does not cost the response that follows. */
function passHints(asked: ClientRequest, response: ClientResponse, raw: RawHeaders): void {
  if (asked.httpVersion === '1.0') return;
  try {
    response.writeEarlyHints({ link: headerValues(raw, 'link') });
  } catch {
    // Not in the one form that node:http knows.
  }
}

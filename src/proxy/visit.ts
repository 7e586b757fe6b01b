import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Failure } from '../failure.ts';
import { unlisted, type Way } from '../policy/decide.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { EarlyBytes } from './early-bytes.ts';
import { RequestBody } from './request-body.ts';
import type { Inside } from './route.ts';

/** What is under way for a client: what it is doing, and the means to end it. */
export class Visit {
  readonly request: IncomingMessage;
  server = unlisted;
  route: Outcome['route'] = 'none';
  reusedConnection: boolean | undefined;
  headMs: number | undefined;
  /** The way that it is relayed by. */
  way: Way | undefined;
  readonly #startedMs = performance.now();
  readonly #controller = new AbortController();

  constructor(request: IncomingMessage) {
    this.request = request;
  }

  /** Aborted with a {@link Failure} when the client leaves or the sidecar wants it to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  end(failure: Failure): void {
    this.#controller.abort(failure);
  }

  outcome(code: Outcome['code'], failure: Failure | undefined): Outcome {
    return {
      server: this.server,
      route: this.route,
      method: this.request.method ?? '',
      code,
      failure,
      durationMs: this.elapsedMs,
      headMs: this.headMs,
      reusedConnection: this.reusedConnection,
    };
  }
}

/** A request that is to be answered. */
export class RequestVisit extends Visit {
  readonly response: ServerResponse;
  readonly body: RequestBody;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
  /** The terminated CONNECT that it came in. */
  readonly inside: Inside | undefined;
  /** What the client sends after the head of a WebSocket upgrade; undefined for any other request. */
  readonly early: EarlyBytes | undefined;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    how: { expectsContinue?: boolean; inside?: Inside | undefined; early?: EarlyBytes } = {},
  ) {
    super(request);
    this.response = response;
    this.expectsContinue = how.expectsContinue ?? false;
    this.inside = how.inside;
    this.early = how.early;
    this.body = new RequestBody(request);
    response.once('close', () => {
      if (!response.writableFinished) this.end(new Failure('downstream_aborted', 'response'));
    });
  }

  /** The rest of its body is no HTTP: nothing more can come on this connection. */
  breakOff(failure: Failure): void {
    const { response, request } = this;
    // Where all has been said, what was said may still be on its way.
    if (response.writableEnded) request.socket.destroySoon();
    response.shouldKeepAlive = false;
    this.body.giveUp();
    this.end(failure);
  }
}

/** A CONNECT until it is refused, intercepted or, as a blind tunnel, over. */
export class ConnectVisit extends Visit {
  override route: Outcome['route'] = 'connect';
  readonly socket: Socket;
  /** Whether it came inside another one. */
  readonly isInside: boolean;

  constructor(request: IncomingMessage, socket: Socket, isInside: boolean) {
    super(request);
    this.socket = socket;
    this.isInside = isInside;
  }
}

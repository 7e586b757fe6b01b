import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authority } from '../authority.ts';
import { Failure } from '../failure.ts';
import { unlisted } from '../policy/decide.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import { RequestBody } from './request-body.ts';

/** One request while it is here: what it is doing, and the means to end it. */
export class Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: RequestBody;
  /** Whether the client waits for 100 Continue before it sends the body. */
  readonly expectsContinue: boolean;
  server = unlisted;
  route: Outcome['route'] = 'none';
  reusedConnection: boolean | undefined;
  headMs: number | undefined;
  /** Policy key and authority that it is relayed under. */
  underPolicy: { readonly key: string; readonly authority: Authority } | undefined;
  readonly #startedMs = performance.now();
  readonly #controller = new AbortController();

  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.request = request;
    this.response = response;
    this.expectsContinue = expectsContinue;
    this.body = new RequestBody(request);
    response.once('close', () => {
      if (!response.writableFinished) this.end(new Failure('downstream_aborted', 'response'));
    });
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

  /** The rest of its body is no HTTP: nothing more can come on this connection. */
  breakOff(failure: Failure): void {
    const { response, request } = this;
    // Where all has been said, what was said may still be on its way.
    if (response.writableEnded) request.socket.destroySoon();
    response.shouldKeepAlive = false;
    this.body.giveUp();
    this.end(failure);
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

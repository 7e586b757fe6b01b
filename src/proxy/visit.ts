import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { BodySource, ClientRequest, ClientResponse } from '../downstream/message.ts';
import type { Failure } from '../failure.ts';
import { unlisted, type Way } from '../policy/decide.ts';
import { readClientIds } from '../telemetry/client-ids.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { DialTimes } from '../upstream/dial.ts';
import { Cancellation } from './cancellation.ts';
import type { Carried } from './carried.ts';
import type { Downstream } from './downstream.ts';
import type { EarlyBytes } from './early-bytes.ts';
import { RequestBody } from './request-body.ts';
import { lingerMs } from './reply.ts';
import type { Member } from './roster.ts';
import type { Inside } from './route.ts';

/** What is under way for a client: what it is doing, and the means to end it. */
export class Visit implements Member {
  place = 0;
  readonly request: ClientRequest;
  readonly downstream: Downstream;
  server = unlisted;
  route: Outcome['route'] = 'none';
  reusedConnection: boolean | undefined;
  headMs: number | undefined;
  /** The way that it is relayed by. */
  way: Way | undefined;
  /** Of the dial that was made for it; empty where none was. */
  readonly dialTimes: DialTimes = {};
  readonly carried: Carried = { requestBytes: 0, responseBytes: 0 };
  /** For when the client leaves or the sidecar wants it to end. */
  readonly cancellation = new Cancellation();
  #id: string | undefined;
  readonly #receivedMs: number;
  #queueMs: number;

  /** @param waitedMs since its head had come */
  constructor(request: ClientRequest, downstream: Downstream, waitedMs = 0) {
    this.request = request;
    this.downstream = downstream;
    this.#receivedMs = performance.now() - waitedMs;
    this.#queueMs = waitedMs;
  }

  /** Names it in the log and in a failure reply. Made when it is asked for: most requests of a quiet log have no use for it. */
  get id(): string {
    return (this.#id ??= randomUUID());
  }

  /** Its turn has come, after it was made: what its connection was busy with before is over. */
  begin(): void {
    this.#queueMs = this.elapsedMs;
  }

  /** That of its {@link cancellation}. */
  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  get elapsedMs(): number {
    return performance.now() - this.#receivedMs;
  }

  end(failure: Failure): void {
    this.cancellation.cancel(failure);
  }

  outcome(code: Outcome['code'], failure: Failure | undefined): Outcome {
    const { connectMs, handshakeMs } = this.dialTimes;
    return {
      ids: () => ({ requestId: this.id, ...readClientIds(this.request.rawHeaders) }),
      server: this.server,
      route: this.route,
      authority: this.way?.authority,
      method: this.request.method ?? '',
      code,
      failure,
      times: {
        durationMs: this.elapsedMs,
        queueMs: this.#queueMs,
        connectMs,
        handshakeMs,
        headMs: this.headMs,
      },
      carried: this.carried,
      reusedConnection: this.reusedConnection,
    };
  }
}

/** A request as it came, and what it is answered by. */
export interface Incoming {
  readonly request: ClientRequest;
  readonly response: ClientResponse;
  readonly source: BodySource;
  /** As it is framed; 0 where there is none. */
  readonly bodyBytes: number | 'chunked';
  /** Tells a client that waits for it to send the body; undefined where none does. */
  readonly sendContinue?: () => void;
  readonly upgrade?: UpgradeRequest;
  /** See {@link Visit}. */
  readonly waitedMs?: number;
}

/** What there is to a request that asks for a WebSocket. */
export interface UpgradeRequest {
  /** What the client sends behind its head. */
  readonly early: EarlyBytes;
  /** Lets go of the socket, which is raw from then on. */
  readonly detach: () => void;
}

/** A request that is to be answered. */
export class RequestVisit extends Visit {
  readonly response: ClientResponse;
  readonly body: RequestBody;
  /** Set where the client waits for 100 Continue before it sends the body. */
  readonly sendContinue: (() => void) | undefined;
  /** The terminated CONNECT that it came in. */
  readonly inside: Inside | undefined;
  /** Undefined where it asks for no WebSocket. */
  readonly upgrade: UpgradeRequest | undefined;

  constructor(downstream: Downstream, incoming: Incoming) {
    super(incoming.request, downstream, incoming.waitedMs);
    this.response = incoming.response;
    this.sendContinue = incoming.sendContinue;
    this.inside = downstream.inside;
    this.upgrade = incoming.upgrade;
    this.body = new RequestBody(incoming.source, incoming.bodyBytes, this.carried);
  }

  /**
   * Reads and drops what the client still sends after its answer, for a while: unread, it would keep the client from
   * the answer (RFC 9112 section 9.6) and the connection from its next request.
   */
  discardRest(): void {
    const { body, downstream } = this;
    if (body.isComplete) return;
    body.discard();
    setTimeout(() => body.isComplete || downstream.socket.destroy(), lingerMs).unref();
  }

  /** The rest of its body is no HTTP: nothing more can come on this connection. */
  breakOff(failure: Failure): void {
    const { response, downstream } = this;
    // Where all has been said, what was said may still be on its way.
    if (response.writableEnded) downstream.socket.destroySoon();
    response.shouldKeepAlive = false;
    this.body.giveUp();
    this.end(failure);
  }
}

/** A CONNECT until it is refused, intercepted or, as a blind tunnel, over. */
export class ConnectVisit extends Visit {
  override route: Outcome['route'] = 'connect';
}

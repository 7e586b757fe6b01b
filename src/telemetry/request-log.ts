import type { Authority } from '../authority.ts';
import type { Failure } from '../failure.ts';
import type { ClientIds } from './client-ids.ts';
import { loggableError, logRequest, type Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** How a request ended. */
export interface Outcome {
  /** What names it. Asked for where it is told of: that takes longer than to count it. */
  readonly ids: () => RequestIds;
  readonly server: string;
  readonly route: 'base_url' | 'absolute' | 'connect' | 'none';
  readonly method: string;
  /** Where it was to be relayed to; undefined where it did not come to that. Not logged: of a listed host it may be any. */
  readonly authority: Authority | undefined;
  /** The status that was sent, or `aborted` if none was. */
  readonly code: number | 'aborted';
  readonly failure: Failure | undefined;
  readonly times: OutcomeTimes;
  /** Bytes of bodies, or where bytes are relayed raw of all that came: from the client, and towards it. */
  readonly carried: { readonly requestBytes: number; readonly responseBytes: number };
  /** Whether the upstream connection had served before; undefined where there was none. */
  readonly reusedConnection: boolean | undefined;
}

/** The names of a request. */
export interface RequestIds extends ClientIds {
  /** Ours, unique; failure replies carry it as `X-Request-Id`. */
  readonly requestId: string;
}

/** How long a request took, in milliseconds; undefined where it did not come to that. */
export interface OutcomeTimes {
  /** All of it. */
  readonly durationMs: number;
  /** Until it was its turn on its connection. */
  readonly queueMs: number;
  /** Name resolution and TCP of its dial, with all that an upstream proxy takes. */
  readonly connectMs: number | undefined;
  /** The TLS handshake of its dial. */
  readonly handshakeMs: number | undefined;
  /** Until the response head came. */
  readonly headMs: number | undefined;
}

/** Records a request: the counters, and one log line. Paths and queries may hold secrets and stay out. */
export function recordOutcome(
  { logger, metrics, requests }: { logger: Logger; metrics: Metrics; requests: 'all' | 'failures' | 'none' },
  outcome: Outcome,
): void {
  const { server, failure, code, times } = outcome;
  metrics.requestDone(server, code, failure?.reason, times.headMs);
  if (requests === 'none' || (requests === 'failures' && failure === undefined)) return;
  const ids = outcome.ids();
  const fields = describe(outcome, ids);
  if (failure === undefined) logRequest(logger, ids.requestId, fields);
  else {
    // Clients leave streams in the normal course of things: LiteLLM after most operations.
    const level = failure.reason === 'downstream_aborted' ? 'info' : 'warn';
    logger[level]({ request_id: ids.requestId, ...fields, ...failureFields(failure) }, 'request failed');
  }
}

/** The fields of a line but its `request_id`, which docs/operations.md explains. */
function describe(outcome: Outcome, { clientRequestId, traceparent }: RequestIds): Record<string, unknown> {
  const { times, carried } = outcome;
  return {
    client_request_id: clientRequestId,
    traceparent,
    server: outcome.server,
    route: outcome.route,
    method: outcome.method,
    status: outcome.code,
    duration_ms: tenths(times.durationMs),
    queue_ms: tenths(times.queueMs),
    connect_ms: tenths(times.connectMs),
    handshake_ms: tenths(times.handshakeMs),
    head_ms: tenths(times.headMs),
    request_bytes: carried.requestBytes,
    response_bytes: carried.responseBytes,
    reused_connection: outcome.reusedConnection,
  };
}

function tenths(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 10) / 10;
}

/** The fields by which a log line names a failure. */
export function failureFields(failure: Failure): Record<string, unknown> {
  return {
    reason: failure.reason,
    phase: failure.phase,
    hint: failure.hint,
    error: loggableError(failure.cause),
  };
}

import type { Failure } from '../failure.ts';
import { loggableError, type Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';

/** How a request ended. */
export interface Outcome {
  readonly server: string;
  readonly route: 'base_url' | 'absolute' | 'connect' | 'none';
  readonly method: string;
  /** The status that was sent, or `aborted` if none was. */
  readonly code: number | 'aborted';
  readonly failure: Failure | undefined;
  readonly durationMs: number;
  /** Until the response head came; undefined where none did. */
  readonly headMs: number | undefined;
  /** Whether the upstream connection had served before; undefined where there was none. */
  readonly reusedConnection: boolean | undefined;
}

/** Records a request: the counters, and one log line. Paths and queries may hold secrets and stay out. */
export function recordOutcome(
  { logger, metrics, requests }: { logger: Logger; metrics: Metrics; requests: 'all' | 'failures' | 'none' },
  outcome: Outcome,
): void {
  const { server, failure, code } = outcome;
  metrics.requestDone(server, code, failure?.reason);
  if (outcome.headMs !== undefined) metrics.requestDuration.observe({ server }, outcome.headMs / 1000);
  if (requests === 'none' || (requests === 'failures' && failure === undefined)) return;
  const line = {
    server,
    route: outcome.route,
    method: outcome.method,
    status: code,
    duration_ms: Math.round(outcome.durationMs * 10) / 10,
    reused_connection: outcome.reusedConnection,
  };
  if (failure === undefined) logger.info(line, 'request');
  else logger.warn({ ...line, ...failureFields(failure) }, 'request failed');
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

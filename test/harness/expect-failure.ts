import { expect } from 'vitest';
import type { FailureReason } from '../../src/failure.ts';
import { expectedFailures } from './expected-failures.ts';
import { poll } from './poll.ts';
import type { Sidecar } from './sidecar.ts';

/** A response of `fetch`, of `parseResponses`, or of undici's `request`. */
export type AnyResponse =
  | { readonly status: number; readonly headers: { get(name: string): string | null } }
  | { readonly status: number; readonly header: (name: string) => string | null }
  | {
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    };

export interface FailureExpectation {
  /** The `server` label. */
  readonly server: string;
  readonly reason: FailureReason;
  /** Where it is not the one of the table: 421 for a request for another authority inside CONNECT. */
  readonly status?: number;
  /** How long to wait for the metric and for the log line. */
  readonly timeoutMs?: number;
}

/**
 * The one way to assert a failure: status, Proxy-Status, metric and log line. Each call wants a metric and a log line
 * of its own: two failures are two calls.
 *
 * @param response undefined for what has no reply, or whose reply had begun before
 */
export async function expectFailure(
  response: AnyResponse | undefined,
  sidecar: Sidecar,
  { server, reason, status, timeoutMs = 3_000 }: FailureExpectation,
): Promise<void> {
  const expected = expectedFailures[reason];
  if (response !== undefined) {
    expect({ status: statusOf(response), 'proxy-status': headerOf(response, 'proxy-status') }).toEqual({
      status: status ?? expected?.status,
      'proxy-status': `mcp-tls-sidecar; error=${expected?.error ?? '(none)'}; details="${reason}"`,
    });
  }
  const count = countCall(sidecar, `${server} ${reason}`);
  // Both are written when the exchange ends, which may be after the client has its answer.
  const logged = () =>
    sidecar.logs.filter((line) => line['server'] === server && line['reason'] === reason).length;
  const logLine = `log line ${count} of server ${server} with the reason ${reason}`;
  await poll(() => logged() >= count, { timeoutMs, what: logLine });
  const metric = () => sidecar.metric('mcp_tls_sidecar_failures_total', { server, reason });
  const sample = `mcp_tls_sidecar_failures_total{server="${server}",reason="${reason}"} ${count}`;
  await poll(async () => ((await metric()) ?? 0) >= count, { timeoutMs, what: sample });
}

const calls = new WeakMap<Sidecar, Map<string, number>>();

function countCall(sidecar: Sidecar, key: string): number {
  const counts = calls.get(sidecar) ?? new Map<string, number>();
  calls.set(sidecar, counts);
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}

const statusOf = (response: AnyResponse): number =>
  'status' in response ? response.status : response.statusCode;

function headerOf(response: AnyResponse, name: string): string | null {
  if ('header' in response) return response.header(name);
  if ('status' in response) return response.headers.get(name);
  const value = response.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? null);
}

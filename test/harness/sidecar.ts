import { metricValue, parseMetrics, type Labels } from './parse-metrics.ts';
import { caBundleFile, rememberCa } from './published-ca.ts';

/** One line of the log, as written. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A running sidecar, in a process of its own or in the test's. */
export interface Sidecar {
  /** `host:port` of the proxy listener. */
  readonly proxy: string;
  readonly admin: string;
  readonly proxyUrl: string;
  readonly adminUrl: string;
  /** The path of `ca-bundle.pem`, which clients of the CONNECT route are given. */
  readonly caBundle: string;
  /** All log lines until now; grows. */
  readonly logs: readonly LogLine[];
  /** The sum of the samples with these labels on `/metrics`; undefined if there is none. */
  readonly metric: (name: string, labels?: Labels) => Promise<number | undefined>;
  /** `POST /-/reload`, with a query such as `?close=changed`. */
  readonly reload: (query?: string) => Promise<Response>;
}

/**
 * What every way to start one has in common.
 *
 * @param caDirectory where it publishes its CA
 */
export function sidecarAt(
  { proxy, admin }: { readonly proxy: string; readonly admin: string },
  caDirectory: string,
  logs: readonly LogLine[],
): Sidecar {
  const adminUrl = `http://${admin}`;
  rememberCa(proxy, caDirectory);
  return {
    proxy,
    admin,
    proxyUrl: `http://${proxy}`,
    adminUrl,
    caBundle: caBundleFile(proxy),
    logs,
    metric: async (name, labels) => {
      const response = await fetch(`${adminUrl}/metrics`);
      if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
      return metricValue(parseMetrics(await response.text()), name, labels);
    },
    reload: (query = '') => fetch(`${adminUrl}/-/reload${query}`, { method: 'POST' }),
  };
}

/** Collects log lines from chunks of text. A line that is no JSON is kept as `{ notJson }`, for the test to stumble over. */
export function logCollector(): { readonly logs: LogLine[]; readonly write: (chunk: string) => void } {
  const logs: LogLine[] = [];
  let rest = '';
  const write = (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    logs.push(...lines.map(parseLine));
  };
  return { logs, write };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { notJson: line };
  }
}

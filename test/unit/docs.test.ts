import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureReasons, failureTable, handshakeFailureReasons } from '../../src/failure.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';

const top = path.resolve(import.meta.dirname, '../..');

describe('the reference pages say what the code does (npx vitest run test/unit/docs.test.ts -u writes them anew)', () => {
  it('docs/failures.md', async () => {
    const rows = failureReasons.map((reason) => {
      const { status, proxyStatus, sentence, hint } = failureTable[reason];
      const reply = status === 0 ? 'none' : `${status}`;
      return `| \`${reason}\` | ${reply} | ${proxyStatus ?? ''} | ${sentence} | ${hint} |`;
    });
    await expect(
      page(
        failuresIntroduction,
        ['reason', 'HTTP', 'Proxy-Status error', 'what happened', 'what to do'],
        rows,
      ),
    ).toMatchFileSnapshot(path.join(top, 'docs/failures.md'));
  });

  it('docs/metrics.md', async () => {
    const none = () => new Map<string, number>();
    const { registry } = new Metrics('0', { openStreams: none, openConnections: none });
    const own = registry.getMetricsAsArray() as unknown as {
      name: string;
      help: string;
      type: string;
      labelNames: string[];
      upperBounds?: number[];
    }[];
    const rows = own
      .filter(({ name }) => name.startsWith('mcp_tls_sidecar_'))
      .map(
        ({ name, type, labelNames, help }) =>
          `| \`${name}\` | ${type} | ${labelNames.join(', ')} | ${help} |`,
      );
    await expect(
      page(metricsIntroduction, ['metric', 'type', 'labels', 'what it is'], [...rows, '', seriesOf(own)]),
    ).toMatchFileSnapshot(path.join(top, 'docs/metrics.md'));
  });
});

describe('links between pages', () => {
  const pages = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: top })];

  it.each(pages)('%s leads to files that are there', (file) => {
    const text = readFileSync(path.join(top, file), 'utf8');
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(path.join(top, path.dirname(file), target)))).toEqual([]);
  });
});

function page(introduction: string, heads: string[], rows: string[]): string {
  return [introduction, `| ${heads.join(' | ')} |`, `|${'---|'.repeat(heads.length)}`, ...rows, ''].join(
    '\n',
  );
}

const failuresIntroduction = `# Failures

One closed list. The same word is the \`reason\` label of \`mcp_tls_sidecar_failures_total\`, the \`reason\` of the log line,
the \`details\` of the \`Proxy-Status\` header (RFC 9209), and the \`reason\` in the body of the reply. A request whose body is
a JSON-RPC request is answered by a JSON-RPC error (code -32050) with its id, anything else by \`application/problem+json\`.
Once bytes of a response have left, a failure ends the stream and is counted. Of a refused CONNECT most clients show the
status line alone, so the word stands there too: \`403 Forbidden (policy_denied)\`. What clients say of
servers without the sidecar, and where to look first: [troubleshooting](troubleshooting.md).
\`X-Request-Id\` is the \`request_id\` of the line in the [request log](operations.md#the-request-log).
`;

const metricsIntroduction = `# Metrics

\`GET /metrics\` on the admin listener. \`server\` is the name in \`mcp_servers\`, the key in \`mcp_tls_sidecar.hosts\`, or
\`unlisted\`. The failure series of every server are there from the start, at 0; those of a server that a reload removes
are removed. \`process_*\` and \`nodejs_*\` are prom-client's defaults.

The question "why does this server fail": \`sum by (server, reason) (rate(mcp_tls_sidecar_failures_total[5m])) > 0\`.
`;

/** test/integration/telemetry/a-scrape-of-a-thousand-servers.test.ts counts them on a running sidecar. */
function seriesOf(metrics: { name: string; upperBounds?: number[] }[]): string {
  // The bucket for everything, the sum and the count.
  const histogram = (name: string) =>
    (metrics.find((metric) => metric.name === `mcp_tls_sidecar_${name}`)?.upperBounds?.length ?? 0) + 3;
  const request = histogram('request_duration_seconds');
  const handshake = histogram('upstream_handshake_duration_seconds');
  const reasons = handshakeFailureReasons.length;
  const idle = reasons + 7;
  const used = request + handshake + 3;
  return `## How many series

For each server, whatever its traffic, ${idle}: ${reasons} of \`upstream_handshake_failures_total\`, 5 gauges of state (\`verification_disabled\`,
\`server_usable\`, \`server_stale\`, \`open_streams\`, \`open_connections\`) and, where it is verified, 2 of its CA bundle; one more for \`insecure_until\`.
One that has been used has ${used} more (${request} and ${handshake} of the two histograms, \`upstream_handshakes_total\`, \`upstream_last_handshake_timestamp_seconds\`,
\`upstream_certificate_not_after_timestamp_seconds\`), and one for each

- status that it has answered with (\`requests_total\`), and reason for which a request has failed (\`failures_total\`, at most ${failureReasons.length}),
- certificate of its chain (\`upstream_certificate_info\`, at most 20, usually 3), and kind of defect in it (\`upstream_certificate_defects\`),
- reason that \`ssl_verify: false\` hid (\`unverified_handshakes_total\`), and for resumed handshakes beside full ones (\`upstream_handshakes_total\`).

So a busy server has about ${idle + used + 7}: ${idle} + ${used}, two statuses, one reason, three certificates, and full and resumed handshakes. A wildcard of \`mcp_tls_sidecar.hosts\` is one server however many
hosts it covers, and so is \`unlisted\`: no client can make new labels. Beside these there are 7 series of the process's own, and those of \`process_*\` and \`nodejs_*\`.

A scrape of 1,000 such servers is 64,000 series and 5.7 MB; it is to take under 100 ms of CPU.`;
}

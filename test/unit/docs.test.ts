import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { failureReasons, failureTable } from '../../src/failure.ts';
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
    }[];
    const rows = own
      .filter(({ name }) => name.startsWith('mcp_tls_sidecar_'))
      .map(
        ({ name, type, labelNames, help }) =>
          `| \`${name}\` | ${type} | ${labelNames.join(', ')} | ${help} |`,
      );
    await expect(
      page(metricsIntroduction, ['metric', 'type', 'labels', 'what it is'], rows),
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
status line alone, so the word stands there too: \`403 Forbidden (policy_denied)\`.
`;

const metricsIntroduction = `# Metrics

\`GET /metrics\` on the admin listener. \`server\` is the name in \`mcp_servers\`, the key in \`mcp_tls_sidecar.hosts\`, or
\`unlisted\`. The failure series of every server are there from the start, at 0; those of a server that a reload removes
are removed. \`process_*\` and \`nodejs_*\` are prom-client's defaults.

The question "why does this server fail": \`sum by (server, reason) (rate(mcp_tls_sidecar_failures_total[5m])) > 0\`.
`;

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { handshakeFailureReasons } from '../../../src/failure.ts';
import { configText } from '../../harness/config-text.ts';
import { parseMetrics } from '../../harness/parse-metrics.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';

const count = 1_000;
const prefix = 'mcp_tls_sidecar_';

/** What docs/metrics.md says of a server that verifies: without traffic, and with that of {@link startBusy}. */
const perServer = {
  without: {
    upstream_handshake_failures_total: handshakeFailureReasons.length,
    verification_disabled: 1,
    ca_bundle_not_after_timestamp_seconds: 1,
    ca_bundle_certificates: 1,
    server_usable: 1,
    server_stale: 1,
    open_streams: 1,
    open_connections: 1,
  },
  with: {
    // 200 and 502.
    requests_total: 2,
    request_duration_seconds_bucket: 16,
    request_duration_seconds_sum: 1,
    request_duration_seconds_count: 1,
    failures_total: 1,
    upstream_handshakes_total: 2,
    upstream_handshake_duration_seconds_bucket: 14,
    upstream_handshake_duration_seconds_sum: 1,
    upstream_handshake_duration_seconds_count: 1,
    upstream_last_handshake_timestamp_seconds: 1,
    upstream_certificate_not_after_timestamp_seconds: 1,
    // Leaf, intermediate and root.
    upstream_certificate_info: 3,
  },
};

/** What there is once. */
const once = {
  local_ca_not_after_timestamp_seconds: 1,
  config_reloads_total: 2,
  config_last_reload_successful: 1,
  config_last_reload_success_timestamp_seconds: 1,
  config_info: 1,
  build_info: 1,
};

/** Ends its connection each time, the second time without an answer. */
const handler: Handler = (request, response) => {
  if (request.url === '/broken') request.socket.destroy();
  else response.writeHead(200, { Connection: 'close' }).end('ok');
};

/** Each of the servers has had a full handshake, a resumed one, an answer and a failure. */
async function startBusy(): Promise<InProcessSidecar> {
  const root = createCa();
  const upstream = await startUpstream({ leaf: root.intermediate().issue('*.mcp.test'), handler });
  const names = Array.from({ length: count }, (_, index) => `server-${index}`);
  const url = (name: string) => `https://${name}.mcp.test:${upstream.port}/`;
  const servers = Object.fromEntries(names.map((name) => [name, { url: url(name) }]));
  const sidecar = await startInProcess({
    config: configText(servers, { ssl_verify: root.pem, log: { requests: 'none' } }),
  });
  const waiting = [...names];
  const visit = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
      for (const path of ['ok', 'broken'])
        await (await fetch(`${sidecar.proxyUrl}/${name}/${path}`)).arrayBuffer();
  };
  await Promise.all(Array.from({ length: 8 }, visit));
  const open = () => sidecar.metric(`${prefix}open_connections`);
  await poll(async () => (await open()) === 0, { what: 'the end of every connection', everyMs: 200 });
  return sidecar;
}

const scrapeInChild = promisify(execFile);

/** CPU time of this process, which has the sidecar, for a scrape by another one. */
async function costOfScrape(url: string): Promise<number> {
  const program = `fetch('${url}').then((answer) => answer.arrayBuffer())`;
  const before = process.cpuUsage();
  await scrapeInChild(process.execPath, ['-e', program], { timeout: 20_000 });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

describe('with a thousand servers that have all been used', () => {
  it('has the series that the documentation says and no others, and what a scrape costs is printed', async () => {
    const sidecar = await startBusy();
    const url = `${sidecar.adminUrl}/metrics`;
    const costs: number[] = [];
    for (let round = 0; round < 9; round++) costs.push(await costOfScrape(url));
    const text = await (await fetch(url)).text();
    const own = parseMetrics(text).filter(({ name }) => name.startsWith(prefix));
    const expected = { ...perServer.without, ...perServer.with };
    const ofServer = Map.groupBy(own, ({ labels }) => labels['server']);
    const counted = (server: string | undefined) =>
      Object.fromEntries(
        [...Map.groupBy(ofServer.get(server) ?? [], ({ name }) => name.slice(prefix.length))].map(
          ([name, samples]) => [name, samples.length],
        ),
      );
    for (let index = 0; index < count; index++) expect(counted(`server-${index}`)).toEqual(expected);
    expect(counted(undefined)).toEqual(once);
    expect(own.length).toBe(count * sum(expected) + sum(once));

    const sorted = costs.toSorted((a, b) => a - b);
    const [least = 0, median = 0] = [sorted[0], sorted[sorted.length >> 1]];
    process.stdout.write(
      `a scrape of ${own.length} series, ${text.length} bytes: ${costs[0]?.toFixed(0)} ms of CPU the first time, ` +
        `median of ${costs.length} ${median.toFixed(0)} ms, least ${least.toFixed(0)} ms\n`,
    );
    // What it may cost is 100 ms; that of a test machine says something only where it is far off.
    expect(least).toBeLessThan(1_000);
    if (!toolMissing('promtool'))
      expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
  }, 120_000);
});

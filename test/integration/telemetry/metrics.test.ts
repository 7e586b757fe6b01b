import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { parseMetrics } from '../../harness/parse-metrics.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const ca = createCa();
const settings = `ssl_verify: ${JSON.stringify(ca.pem)}`;

async function startWithTraffic() {
  const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
  const config = (names: string[]) =>
    `mcp_servers:\n${names.map((name) => `  ${name}: { url: "https://mcp.test:${upstream.port}/${name}", ${settings} }\n`).join('')}`;
  const sidecar = await startInProcess({ config: config(['one', 'two']) });
  for (const name of ['one', 'two', 'three'])
    await (await fetch(`${sidecar.proxyUrl}/${name}/x`)).arrayBuffer();
  return { sidecar, config };
}

const scrape = async (adminUrl: string) => (await fetch(`${adminUrl}/metrics`)).text();

describe('metrics', () => {
  it('has the series of alerts at 0 from the start, for servers and host entries', async () => {
    const sidecar = await startInProcess({
      config: `mcp_servers:\n  s: { url: "https://mcp.test/mcp" }\nmcp_tls_sidecar:\n  hosts: { "*.corp.test": { ssl_verify: true } }\n`,
    });
    const reasons = [
      ...[
        'expired',
        'not_yet_valid',
        'name_mismatch',
        'issuer_unknown',
        'self_signed',
        'pin_mismatch',
        'strict',
      ]
        .concat('rejected')
        .map((verdict) => `tls_cert_${verdict}`),
      ...[
        'tls_timeout',
        'tls_client_cert_required',
        'tls_alert_received',
        'tls_protocol_error',
        'connection_lost',
      ],
    ];
    const failures = 'mcp_tls_sidecar_upstream_handshake_failures_total';
    for (const server of ['s', '*.corp.test'])
      for (const reason of reasons)
        expect(await sidecar.metric(failures, { server, reason }), reason).toBe(0);
    for (const result of ['success', 'failure'])
      expect(await sidecar.metric('mcp_tls_sidecar_config_reloads_total', { result })).toBe(0);
    for (const [gauge, value] of [
      ['server_usable', 1],
      ['server_stale', 0],
      ['verification_disabled', 0],
      ['open_streams', 0],
      ['open_connections', 0],
    ] as const)
      expect(await sidecar.metric(`mcp_tls_sidecar_${gauge}`, { server: 's' }), gauge).toBe(value);
  });

  it('drops every series of a server that a reload removes', async () => {
    const { sidecar, config } = await startWithTraffic();
    const labels = async () =>
      new Set(parseMetrics(await scrape(sidecar.adminUrl)).map((sample) => sample.labels['server']));
    expect(await labels()).toEqual(new Set(['one', 'two', 'unlisted', undefined]));
    sidecar.writeConfig(config(['one']));
    expect((await sidecar.reload()).status).toBe(200);
    await poll(async () => !(await labels()).has('two'), {
      timeoutMs: 3_000,
      what: 'no series of server two',
    });
    expect(await labels()).toEqual(new Set(['one', 'unlisted', undefined]));
  });

  it.skipIf(toolMissing('promtool'))(
    'promtool has nothing to say of any, whatever has happened (needs promtool)',
    async () => {
      const text = await scrape((await startWithEverything()).adminUrl);
      // Each has a sample, so that each is judged.
      const declared = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '']) => name);
      const sampled = new Set(
        parseMetrics(text).map(({ name }) => name.replace(/_(?:bucket|sum|count)$/, '')),
      );
      expect(declared.filter((name) => name.startsWith('mcp_') && !sampled.has(name))).toEqual([]);
      const output = execFileSync('promtool', ['check', 'metrics'], {
        input: text,
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      expect(output).toBe('');
    },
  );
});

/** Traffic and a reload that touch every metric. */
async function startWithEverything() {
  const leaf = ca.issue('mcp.test', { authorityKeyIdentifier: false });
  const upstream = await startUpstream({ leaf });
  const url = `https://mcp.test:${upstream.port}/`;
  const off = {
    ssl_verify: false,
    tls: { insecure_until: '2999-01-01T00:00:00Z', verify_with: createCa().pem },
  };
  const sidecar = await startInProcess({
    config: configText({
      good: { url, ssl_verify: ca.pem },
      off: { url: `https://localhost:${upstream.port}/`, ...off },
      bad: { url: `https://127.0.0.1:${upstream.port}/`, ssl_verify: createCa().pem },
    }),
  });
  for (const name of ['good', 'off', 'bad', 'none'])
    await (await fetch(`${sidecar.proxyUrl}/${name}/x`)).arrayBuffer();
  expect((await sidecar.reload()).status).toBe(200);
  return sidecar;
}

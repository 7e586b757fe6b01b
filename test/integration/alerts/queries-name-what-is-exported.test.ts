import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ruleGroups } from '../../../deploy/prometheus/rules.ts';
import { configText } from '../../harness/config-text.ts';
import { parseMetrics } from '../../harness/parse-metrics.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { readDashboard } from '../../unit/deploy/read-dashboard.ts';
import { namesInPromql } from './names-in-promql.ts';

const { queries, variableQueries } = readDashboard();
const rules = ruleGroups().flatMap((group) => group.rules);
const records = rules.flatMap((rule) => ('record' in rule ? [rule] : []));
const alerts = rules.flatMap((rule) => ('alert' in rule ? [rule] : []));
const targetLabels = ['job', 'instance'];

/** Every metric with its labels: of a sidecar with every kind of server, of Prometheus itself, and of our own rules. */
const known = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  for (const { name, labels } of parseMetrics(await scrapeAfterTraffic()))
    known.set(name, new Set([...(known.get(name) ?? []), ...Object.keys(labels), ...targetLabels]));
  known.set('up', new Set(targetLabels));
  const alertLabels = ['alertname', 'alertstate', 'severity', 'server', 'reason', ...targetLabels];
  known.set('ALERTS', new Set(alertLabels));
  for (const { record, expr } of records) {
    const labels = [...labelsOf(expr)].filter((label) => label !== 'code');
    known.set(record, new Set(labels));
  }
});

describe('what the sidecar exports is what is named by', () => {
  it('the rules', () => {
    for (const { expr } of rules) expect(unknownNames(expr), expr).toEqual([]);
  });

  it('the words of the alerts', () => {
    for (const { alert, expr, annotations } of alerts) {
      const text = Object.values(annotations).join(' ');
      const labels = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      expect(
        labels.filter((label) => !labelsOf(expr).has(label)),
        alert,
      ).toEqual([]);
      const metrics = [...text.matchAll(/mcp_tls_sidecar_\w+/g)].map(([metric]) => metric);
      expect(
        metrics.filter((metric) => !known.has(metric)),
        alert,
      ).toEqual([]);
    }
  });

  it('the queries and legends of the dashboard', () => {
    expect(queries.length).toBeGreaterThan(20);
    for (const { expr, legendFormat = '' } of queries) {
      expect(unknownNames(expr), expr).toEqual([]);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      expect(
        shown.filter((label) => !labelsOf(expr).has(label)),
        expr,
      ).toEqual([]);
    }
  });

  it('the variables of the dashboard', () => {
    expect(variableQueries).toHaveLength(3);
    for (const query of variableQueries) {
      const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      expect(unknownNames(selector), query).toEqual([]);
      expect(labelsOf(selector), query).toContain(label);
    }
  });
});

it('a metric or a label that is not exported would be noticed', () => {
  const wrong =
    'sum by (sever) (rate(mcp_tls_sidecar_requests_total{status="200"}[5m])) > mcp_tls_sidecar_request_total';
  expect(unknownNames(wrong)).toEqual(['mcp_tls_sidecar_request_total', 'status', 'sever']);
});

it.skipIf(toolMissing('promtool'))('every query of the dashboard is PromQL (needs promtool)', () => {
  const file = join(temporaryDirectory(), 'queries.yaml');
  const asRules = queries.map(({ expr }, index) => ({
    record: `query:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  writeFileSync(file, stringify({ groups: [{ name: 'queries', rules: asRules }] }));
  const output = execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8', timeout: 20_000 });
  expect(output).toContain(`SUCCESS: ${queries.length} rules found`);
});

function labelsOf(expr: string): ReadonlySet<string> {
  return new Set(namesInPromql(expr).metrics.flatMap((metric) => [...(known.get(metric) ?? [])]));
}

function unknownNames(expr: string): string[] {
  const { metrics, matchers, groupings } = namesInPromql(expr);
  const labels = labelsOf(expr);
  return [
    ...metrics.filter((metric) => !known.has(metric)),
    ...[...matchers].flatMap(([metric, used]) =>
      used.filter((label) => known.get(metric)?.has(label) !== true),
    ),
    ...groupings.filter((label) => !labels.has(label)),
  ];
}

/** One server that works, one whose CA is unknown, one that is not verified for a while, one with a defect. */
async function scrapeAfterTraffic(): Promise<string> {
  const ca = createCa();
  const { port } = await startUpstream({ leaf: ca.issue('mcp.test') });
  const flawed = await startUpstream({ leaf: ca.issue('mcp.test', { authorityKeyIdentifier: false }) });
  const url = `https://mcp.test:${port}/`;
  const insecure_until = new Date(Date.now() + 86_400_000 * 30).toISOString();
  const config = configText({
    good: { url, ssl_verify: ca.pem },
    wrong: {
      url: `${url}wrong`,
      tls: { upstream_url: `https://wrong.test:${port}/` },
      ssl_verify: createCa().pem,
    },
    loose: {
      url: `https://loose.test:${port}/`,
      ssl_verify: false,
      tls: { insecure_until, insecure_reason: 'TEST-1' },
    },
    flawed: {
      url: `https://flawed.test:${flawed.port}/`,
      ssl_verify: ca.pem,
      tls: { server_name: 'mcp.test' },
    },
  });
  const sidecar = await startInProcess({ config });
  for (const server of ['good', 'wrong', 'loose', 'flawed'])
    await (await fetch(`${sidecar.proxyUrl}/${server}/`, { headers: { connection: 'close' } })).arrayBuffer();
  await sidecar.reload();
  return (await fetch(`${sidecar.adminUrl}/metrics`)).text();
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { ruleGroups } from '../../deploy/prometheus/rules.ts';
import { ask } from '../harness/ask.ts';
import { configText } from '../harness/config-text.ts';
import { parseMetrics, type Sample } from '../harness/parse-metrics.ts';
import { startInProcess } from '../harness/start-in-process.ts';
import { startUpstream } from '../harness/tls-upstream.ts';
import { deployFolder } from './manifests.ts';

/** The figures that docs/scale.md calculates with. */
const planned = { process: 140, idle: 20, busy: 65 };
const plannedLean = { process: 20, idle: 20, busy: 40 };

const page = readFileSync(join(deployFolder, '../docs/scale.md'), 'utf8');

it('a sidecar shows no more series than docs/scale.md plans with', async () => {
  const counts = countByServer(await scrape());
  expect(counts.idle).toBeLessThanOrEqual(planned.idle);
  expect(counts.failing).toBeLessThanOrEqual(planned.busy);
  expect(counts.busy).toBeLessThanOrEqual(planned.busy);
  expect(counts.process).toBeLessThanOrEqual(planned.process);
  // The figures are no looser than that they mean something.
  expect(counts.busy).toBeGreaterThan(planned.busy * 0.8);
  for (const figure of Object.values(planned)) expect(page).toMatch(new RegExp(`\\b${figure}\\b`));
});

it('what its relabelling for large fleets drops is nothing that an alert needs', async () => {
  const [, block = ''] = /```yaml\n(# In the PodMonitor[^`]*)```/.exec(page) ?? [];
  const { metricRelabelings } = parse(block) as { metricRelabelings: { action: string; regex: string }[] };
  expect(metricRelabelings.map(({ action }) => action)).toEqual(['drop']);
  const dropped = new RegExp(`^(?:${metricRelabelings[0]?.regex ?? ''})$`);
  const counts = countByServer((await scrape()).filter(({ name }) => !dropped.test(name)));
  expect(counts.process).toBeLessThanOrEqual(plannedLean.process);
  expect(counts.idle).toBeLessThanOrEqual(plannedLean.idle);
  expect(counts.busy).toBeLessThanOrEqual(plannedLean.busy);
  for (const figure of Object.values(plannedLean)) expect(page).toMatch(new RegExp(`\\b${figure}\\b`));
  const expressions = ruleGroups().flatMap(({ rules }) => rules.map(({ expr }) => expr));
  const needed = expressions.flatMap((expr) => expr.match(/\bmcp_tls_sidecar_\w+/g) ?? []);
  expect(needed.length).toBeGreaterThan(10);
  expect(needed.filter((name) => dropped.test(name))).toEqual([]);
});

async function scrape(): Promise<Sample[]> {
  const root = createCa();
  const upstream = await startUpstream({ leaf: root.intermediate().issue('busy.test') });
  const server = (host: string) => ({ url: `https://${host}:${upstream.port}/mcp`, ssl_verify: root.pem });
  const sidecar = await startInProcess({
    config: configText({
      busy: server('busy.test'),
      failing: server('other.test'),
      idle: server('idle.test'),
    }),
  });
  const call = (path: string) => ask(sidecar.proxy, path, { body: '{}' });
  expect((await call('/busy/mcp')).status).toBe(200);
  expect((await call('/failing/mcp')).status).toBe(502);
  return parseMetrics(await (await fetch(`${sidecar.adminUrl}/metrics`)).text());
}

function countByServer(samples: readonly Sample[]) {
  const of = (server: string | undefined) =>
    samples.filter(({ labels }) => labels['server'] === server).length;
  return { busy: of('busy'), failing: of('failing'), idle: of('idle'), process: of(undefined) };
}

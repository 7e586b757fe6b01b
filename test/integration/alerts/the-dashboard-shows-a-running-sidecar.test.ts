import { it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { readDashboard } from '../../unit/deploy/read-dashboard.ts';
import { startCertificateMatters } from './certificate-matters.ts';
import { startMonitoring } from './monitoring.ts';
import { startSteadyClient } from './steady-client.ts';

const missing = ['prometheus', 'prometheus-alertmanager'].map(toolMissing).includes(true);

/** What Grafana puts in where all values of the variables are chosen. */
function fillIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '10s').replaceAll(/"\$(?:job|instance|server)"/g, '".*"');
}

it.skipIf(missing)(
  'every query of the dashboard finds something of a running sidecar (needs prometheus, prometheus-alertmanager)',
  { timeout: 90_000 },
  async () => {
    const { servers, lapseIn } = await startCertificateMatters();
    const sidecar = await startInProcess({ config: configText(servers) });
    const { query } = await startMonitoring([sidecar.admin]);
    lapseIn(4_000);
    for (const server of Object.keys(servers)) startSteadyClient(`${sidecar.proxyUrl}/${server}/mcp`);

    const { queries, variableQueries } = readDashboard();
    const selectors = variableQueries.map((text) => /^label_values\((.*), \w+\)$/.exec(text)?.[1] ?? '');
    for (const expr of [...queries.map((one) => one.expr), ...selectors])
      await poll(async () => (await query(fillIn(expr))).length > 0, { timeoutMs: 30_000, what: expr });
  },
);

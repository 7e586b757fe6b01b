import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { startMonitoring } from './monitoring.ts';
import { startReloadableNginx } from './reloadable-nginx.ts';
import { startSteadyClient } from './steady-client.ts';
import type { NotifiedAlert } from './webhook.ts';

const missing = ['prometheus', 'prometheus-alertmanager', 'nginx'].map(toolMissing).includes(true);
const patience = { timeout: 45_000, interval: 100 };

it.skipIf(missing)(
  'an expired certificate on disk wakes somebody, who hears of the repair too (needs prometheus, prometheus-alertmanager, nginx)',
  { timeout: 120_000 },
  async () => {
    const ca = createCa();
    const nginx = await startReloadableNginx(ca.issue('127.0.0.1'));
    const url = `https://127.0.0.1:${nginx.port}/mcp`;
    const sidecar = await startSidecar({ config: configText({ crm: { url, ssl_verify: ca.pem } }) });
    const { alerts, query, received } = await startMonitoring([sidecar.admin]);
    const client = startSteadyClient(`${sidecar.proxyUrl}/crm/mcp`);

    const answered = 'server:mcp_tls_sidecar_requests_answered:increase5m{server="crm"} > 0';
    await expect.poll(() => query(answered), patience).toHaveLength(1);
    expect(await alerts()).toEqual([]);
    expect(client.last).toBe('200');

    nginx.install(ca.issue('127.0.0.1', { notAfter: new Date(Date.now() - 60_000) }));
    await expect.poll(() => client.last, patience).toBe('502 tls_cert_expired');
    await expect.poll(() => received, patience).not.toHaveLength(0);
    expect(received).toEqual([expect.objectContaining(shownIn('docs/alerts.md', sidecar.admin))]);
    expect(received).toEqual([expect.objectContaining(shownIn('README.md', sidecar.admin))]);

    nginx.install(ca.issue('127.0.0.1'));
    await expect.poll(() => client.last, patience).toBe('200');
    await expect.poll(() => received.map(({ status }) => status), patience).toEqual(['firing', 'resolved']);
    expect(received[1]?.labels).toEqual(received[0]?.labels);
    expect((await alerts()).filter(({ state }) => state === 'firing')).toEqual([]);
  },
);

/** The alert as a page shows it, of a sidecar whose admin listener is elsewhere. */
function shownIn(page: string, admin: string): Partial<NotifiedAlert> {
  const text = readFileSync(resolve(import.meta.dirname, '../../..', page), 'utf8');
  const [, shown = ''] = /```json\n(\{\n {2}"status": "firing".*?)```/s.exec(text) ?? [];
  return JSON.parse(shown.replaceAll('127.0.0.1:9921', admin)) as Partial<NotifiedAlert>;
}

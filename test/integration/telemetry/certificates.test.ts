import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const prefix = 'mcp_tls_sidecar_upstream_certificate_';
const nowMs = Math.floor(Date.now() / 1000) * 1000;
const inDays = (days: number) => new Date(nowMs + days * 86_400_000);

async function start(ca: ReturnType<typeof createCa>, leaf: ReturnType<typeof ca.issue>) {
  const upstream = await startUpstream({
    leaf,
    handler: (_, response) => response.setHeader('connection', 'close').end('ok'),
  });
  const config = configText({ mcp: { url: `https://mcp.test:${upstream.port}/`, ssl_verify: ca.pem } });
  const sidecar = await startInProcess({ config });
  const visit = () => ask(sidecar.proxy, '/mcp/');
  const scrape = async () =>
    (await (await fetch(`${sidecar.adminUrl}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith(prefix));
  return { upstream, sidecar, visit, scrape };
}

describe('what certificates say', () => {
  it('the soonest expiry of the chain that was used is that of the intermediate, or of the root in the bundle', async () => {
    const ca = createCa({ notAfter: inDays(20) });
    const intermediate = ca.intermediate({ notAfter: inDays(10) });
    const first = await start(ca, intermediate.issue('mcp.test', { notAfter: inDays(15) }));
    await first.visit();
    expect(await first.sidecar.metric(`${prefix}not_after_timestamp_seconds`, { server: 'mcp' })).toBe(
      inDays(10).getTime() / 1000,
    );
    const short = createCa({ notAfter: inDays(3) });
    const second = await start(short, short.issue('mcp.test', { notAfter: inDays(15) }));
    await second.visit();
    const value = await second.sidecar.metric(`${prefix}not_after_timestamp_seconds`, { server: 'mcp' });
    expect(value).toBe(inDays(3).getTime() / 1000);
  });

  it('nothing is there before the first handshake', async () => {
    const ca = createCa();
    const { scrape } = await start(ca, ca.issue('mcp.test'));
    expect(await scrape()).toEqual([]);
  });

  it('the chain is shown by fingerprints, and replaced when a certificate rotates', async () => {
    const ca = createCa();
    const intermediate = ca.intermediate();
    const { upstream, visit, scrape } = await start(ca, intermediate.issue('mcp.test'));
    await visit();
    const positions = (lines: string[]) => lines.filter((line) => line.includes('_info')).length;
    expect(positions(await scrape())).toBe(3);
    const seen = new Set<string>();
    for (let rotation = 0; rotation < 5; rotation++) {
      upstream.swapCertificate(intermediate.issue('mcp.test'));
      await visit();
      const lines = await scrape();
      expect(positions(lines)).toBe(3);
      lines.filter((line) => line.includes('position="0"')).forEach((line) => seen.add(line));
    }
    expect(seen.size).toBe(5);
  });

  it('what strict clients would refuse is counted by defect', async () => {
    const ca = createCa();
    const { sidecar, visit } = await start(ca, ca.issue('mcp.test', { authorityKeyIdentifier: false }));
    await visit();
    const labels = { server: 'mcp', defect: 'missing_authority_key_identifier' };
    expect(await sidecar.metric(`${prefix}defects`, labels)).toBe(1);
  });

  it('goes with its server', async () => {
    const ca = createCa();
    const { sidecar, visit, scrape } = await start(ca, ca.issue('mcp.test'));
    await visit();
    expect(await scrape()).not.toEqual([]);
    sidecar.writeConfig(configText({ other: { url: 'https://other.test/', ssl_verify: ca.pem } }));
    await sidecar.reload();
    expect(await scrape()).toEqual([]);
  });
});

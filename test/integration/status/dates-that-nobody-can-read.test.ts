import { expect, it } from 'vitest';
import { withUnreadableDate, withUnreadableEnd } from '../../../certs-fixtures/alter.ts';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { toPem } from '../../../src/ca/write-certificate.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import { ask } from '../../harness/ask.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { diagnoseConfig } from '../doctor/diagnose-config.ts';
import { find, readStatus } from './a-few-servers.ts';

it.each([true, false])(
  'a server whose certificate ends on no date costs the page nothing (verified: %s)',
  async (verified) => {
    const ca = createCa();
    const { port } = await startUpstream({ leaf: withUnreadableEnd(ca.issue('mcp.test')) });
    const dev = { url: `https://mcp.test:${port}/mcp`, ssl_verify: verified ? ca.pem : false };
    const config = JSON.stringify({ mcp_servers: { dev, other: { url: 'https://other.test/mcp' } } });
    const sidecar = await startInProcess({ config });
    await ask(sidecar.proxy, '/dev/mcp');
    const status = await readStatus(sidecar);
    expect(status.servers).toHaveLength(2);
    const { health, chain } = find(status, 'dev');
    expect(health).toBe(verified ? 'failing' : 'warning');
    expect(chain?.certificates[0]?.days_left).toBeNull();
    // A metric has no date rather than none that a number is.
    expect(
      await sidecar.metric('mcp_tls_sidecar_upstream_certificate_not_after_timestamp_seconds'),
    ).toBeUndefined();
    // Nor does doctor fall over it.
    const [evidence] = await diagnoseConfig(config, { names: ['dev'] });
    if (evidence === undefined) throw new Error('no evidence');
    expect(makeReport(evidence).chain?.certificates).toHaveLength(chain?.certificates.length ?? 0);
  },
);

it('a bundle with such a certificate tells when the others end', async () => {
  const ca = createCa();
  const old = createCa({ name: 'Old CA' });
  const bundle = ca.pem + toPem(withUnreadableDate(old.certificateDer, 'notAfter'));
  const { port } = await startUpstream({ leaf: ca.issue('mcp.test') });
  const dev = { url: `https://mcp.test:${port}/mcp`, ssl_verify: bundle };
  const sidecar = await startInProcess({ config: JSON.stringify({ mcp_servers: { dev } }) });
  await ask(sidecar.proxy, '/dev/mcp');
  const { health, policy } = find(await readStatus(sidecar), 'dev');
  expect(health).toBe('good');
  expect(policy.trust?.anchors).toBe(2);
  expect(Date.parse(policy.trust?.not_after ?? '')).toBeGreaterThan(Date.now());
  const seconds = await sidecar.metric('mcp_tls_sidecar_ca_bundle_not_after_timestamp_seconds');
  expect(seconds).toBe(Date.parse(policy.trust?.not_after ?? '') / 1000);
});

it('a bundle of such a certificate alone has no date', async () => {
  const bundle = toPem(withUnreadableDate(createCa().certificateDer, 'notAfter'));
  const dev = { url: 'https://mcp.test/mcp', ssl_verify: bundle };
  const sidecar = await startInProcess({ config: JSON.stringify({ mcp_servers: { dev } }) });
  expect(find(await readStatus(sidecar), 'dev').policy.trust?.not_after).toBeNull();
  expect(await sidecar.metric('mcp_tls_sidecar_ca_bundle_certificates')).toBe(1);
  expect(await sidecar.metric('mcp_tls_sidecar_ca_bundle_not_after_timestamp_seconds')).toBeUndefined();
});

import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { toPem } from '../../../src/ca/write-certificate.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import { ask } from '../../harness/ask.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { diagnoseConfig } from '../doctor/diagnose-config.ts';
import { find, readStatus } from './a-few-servers.ts';

/** Tag and length of a UTCTime (RFC 5280 section 4.1.2.5.1); the second one of a certificate is its end. */
const utcTime = Buffer.from([0x17, 0x0d]);

/** Its end is in a thirteenth month. The signature holds no more, which nobody comes to look at. */
function withUnreadableEnd(certificateDer: Buffer): Buffer {
  const der = Buffer.from(certificateDer);
  der.write('271399999999Z', der.indexOf(utcTime, der.indexOf(utcTime) + 1) + utcTime.length, 'latin1');
  return der;
}

function unreadable(leaf: Leaf): Leaf {
  const certificateDer = withUnreadableEnd(leaf.certificateDer);
  const certificate = toPem(certificateDer);
  return { ...leaf, certificateDer, certificate, chain: certificate };
}

it.each([true, false])(
  'a server whose certificate ends on no date costs the page nothing (verified: %s)',
  async (verified) => {
    const ca = createCa();
    const { port } = await startUpstream({ leaf: unreadable(ca.issue('mcp.test')) });
    const dev = { url: `https://mcp.test:${port}/mcp`, ssl_verify: verified ? ca.pem : false };
    const config = JSON.stringify({ mcp_servers: { dev, other: { url: 'https://other.test/mcp' } } });
    const sidecar = await startInProcess({ config });
    await ask(sidecar.proxy, '/dev/mcp');
    const status = await readStatus(sidecar);
    expect(status.servers).toHaveLength(2);
    const { health, chain } = find(status, 'dev');
    expect(health).toBe(verified ? 'failing' : 'warning');
    // Node has no date, or one of 1899, by the way that it read the certificate.
    expect(chain?.certificates[0]?.days_left ?? -1).toBeLessThan(0);
    // Nor does doctor fall over it.
    const [evidence] = await diagnoseConfig(config, { names: ['dev'] });
    if (evidence === undefined) throw new Error('no evidence');
    expect(makeReport(evidence).chain?.certificates).toHaveLength(chain?.certificates.length ?? 0);
  },
);

it('a bundle with such a certificate tells when the others end', async () => {
  const ca = createCa();
  const old = createCa({ name: 'Old CA' });
  const bundle = ca.pem + toPem(withUnreadableEnd(old.certificateDer));
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

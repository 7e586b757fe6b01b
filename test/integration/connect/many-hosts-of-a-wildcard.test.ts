import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { openTunnel, startTrustingTls } from '../../harness/open-tunnel.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

/** The serial number of the leaf that a CONNECT to a host is shown. */
async function serialFor(proxy: string, authority: string): Promise<string> {
  const tunnel = await openTunnel(proxy, authority);
  const socket = await startTrustingTls(proxy, tunnel, authority.replace(/:\d+$/, ''));
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

it('each of many hosts gets a leaf of its own, and one that comes back the leaf that it had', async () => {
  const ca = createCa();
  const upstream = await startUpstream({ leaf: ca.issue('*.corp.test') });
  const hosts = { [`*.corp.test:${upstream.port}`]: { ssl_verify: ca.pem } };
  const sidecar = await startInProcess({ config: configText({}, { hosts }) });
  const names = Array.from({ length: 100 }, (_, index) => `h${index}.corp.test:${upstream.port}`);
  const first = new Map<string, string>();
  for (const name of names) first.set(name, await serialFor(sidecar.proxy, name));
  expect(new Set(first.values()).size).toBe(100);
  for (const name of names) expect(await serialFor(sidecar.proxy, name)).toBe(first.get(name));
  expect((await ask(sidecar.proxy, `https://h7.corp.test:${upstream.port}/`)).status).toBe(200);
  // The wildcard's key is the label of all of them: hosts that clients think up add no series.
  const requests = (labels?: Record<string, string>) =>
    sidecar.metric('mcp_tls_sidecar_requests_total', labels);
  expect(await requests({ server: Object.keys(hosts)[0] ?? '', code: '200' })).toBe(1);
  expect(await requests({ server: Object.keys(hosts)[0] ?? '' })).toBe(await requests());
});

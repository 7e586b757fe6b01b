import { expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { expectFailure } from '../harness/expect-failure.ts';
import { startInProcess } from '../harness/start-in-process.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

const root = createCa();
const configOf = (port: number, pem: string) =>
  JSON.stringify({ mcp_servers: { dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: pem } } });

it('runs a sidecar that finds upstreams by any name', async () => {
  const upstream = await startUpstream({ leaf: root.issue('mcp.test') });
  const sidecar = await startInProcess({ config: configOf(upstream.port, root.pem) });
  const response = await fetch(`${sidecar.proxyUrl}/dev/mcp`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(200);
  expect(upstream.requests).toMatchObject([{ url: '/mcp', serverName: 'mcp.test', body: '{}' }]);
  expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'dev', code: '200' })).toBe(1);
});

it('asserts a failure of it in one shape, and reloads it', async () => {
  const upstream = await startUpstream({ leaf: root.issue('mcp.test') });
  const sidecar = await startInProcess({ config: configOf(upstream.port, createCa().pem) });
  const failed = await fetch(`${sidecar.proxyUrl}/dev/mcp`);
  await expectFailure(failed, sidecar, { server: 'dev', reason: 'tls_cert_issuer_unknown' });
  sidecar.writeConfig(configOf(upstream.port, root.pem));
  expect((await sidecar.reload()).status).toBe(200);
  expect((await fetch(`${sidecar.proxyUrl}/dev/mcp`)).status).toBe(200);
});

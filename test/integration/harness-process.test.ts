import { expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { startSidecar } from '../harness/sidecar-process.ts';
import { startUpstream } from '../harness/tls-upstream.ts';
import { runCommand } from '../harness/run-command.ts';

it('runs the command, and ends it by SIGTERM', async () => {
  const root = createCa();
  const upstream = await startUpstream({ leaf: root.issue('127.0.0.1') });
  const url = `https://127.0.0.1:${upstream.port}/mcp`;
  const sidecar = await startSidecar({
    config: JSON.stringify({ mcp_servers: { dev: { url, ssl_verify: root.pem } } }),
  });
  expect((await fetch(`${sidecar.proxyUrl}/dev/mcp`)).status).toBe(200);
  expect(upstream.requests).toMatchObject([{ url: '/mcp' }]);
  const labels = { server: 'dev', code: '200' };
  expect(await sidecar.metric('mcp_tls_sidecar_requests_total', labels)).toBe(1);
  expect((await sidecar.reload()).status).toBe(200);
  expect(sidecar.stderr).toBe('');
  expect(sidecar.logs.filter((line) => 'notJson' in line)).toEqual([]);
  expect(await sidecar.stop()).toBe(0);
});

it('says why the command did not start', async () => {
  await expect(startSidecar({ config: 'mcp_servers: [' })).rejects.toThrow(
    'ended with 1 before it was ready',
  );
});

it('runs other commands to their end', async () => {
  const { code, stdout } = await runCommand(['--version']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\d+\.\d+\.\d+/);
});

import { expect, it, vi } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { RequestBody } from '../../../src/proxy/request-body.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

it('the body that a failure echoes the id of is kept no longer than that', async () => {
  const ca = createCa();
  const { port } = await startRawUpstream({
    leaf: ca.issue('mcp.test'),
    onConnection: (socket) => socket.once('data', () => socket.destroy()),
  });
  const dev = { url: `https://mcp.test:${port}/mcp`, ssl_verify: ca.pem };
  const sidecar = await startInProcess({ config: JSON.stringify({ mcp_servers: { dev } }) });
  const prefix = vi.spyOn(RequestBody.prototype, 'prefix');

  const response = await fetch(`${sidecar.proxyUrl}/dev/mcp`, {
    method: 'POST',
    body: '{"jsonrpc":"2.0","id":7,"method":"tools/list"}',
  });
  expect(response.status).toBe(502);
  expect(await response.json()).toMatchObject({ id: 7 });

  const [body] = prefix.mock.contexts;
  prefix.mockRestore();
  if (!(body instanceof RequestBody)) throw new Error('no body was asked for');
  expect(await body.prefix()).toBeUndefined();
});

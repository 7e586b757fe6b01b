import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { startEverything } from '../../harness/mcp-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { sdks } from './sdk-clients.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('sdk-child.ts', import.meta.url));

it('reaches a server with a private CA by HTTP_PROXY and an http:// URL, with no code of its own', async () => {
  const root = createCa();
  const leaf = root.issue('mcp.test', { authorityKeyIdentifier: false });
  const { port } = await startEverything({ leaf, transport: 'streamableHttp' });
  const url = `https://mcp.test:${port}/mcp`;
  const sidecar = await startInProcess({ config: configText({ dev: { url, ssl_verify: root.pem } }) });
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: sidecar.proxyUrl };
  const { stdout } = await run(process.execPath, [child, 'http://mcp.test/mcp'], { env, timeout: 15_000 });
  const tools = JSON.parse(stdout) as Record<string, string[]>;
  expect(Object.keys(tools)).toEqual(sdks.map(({ name }) => name));
  for (const names of Object.values(tools)) expect(names).toContain('echo');
  // Node's fetch sent the absolute form, not a CONNECT.
  const requests = sidecar.logs.filter(({ msg }) => msg === 'request');
  expect(new Set(requests.map(({ route }) => route))).toEqual(new Set(['absolute']));
});

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startOauthServer } from './oauth-server.ts';
import { execute } from './proxied-clients.ts';

const child = fileURLToPath(new URL('oauth-child.ts', import.meta.url));

async function startPair() {
  const root = createCa();
  const leaf = root.issue('mcp.test', { authorityKeyIdentifier: false });
  const server = await startOauthServer(leaf, 'mcp.test');
  const url = `${server.origin}/mcp`;
  const sidecar = await startInProcess({ config: configText({ dev: { url, ssl_verify: root.pem } }) });
  return { server, sidecar, url };
}

it("the SDK's own OAuth client registers, is authorized and calls, with the real URL as the audience", async () => {
  const { server, sidecar, url } = await startPair();
  const { code, output } = await execute(process.execPath, [child, url], {
    HTTPS_PROXY: sidecar.proxyUrl,
    NODE_USE_ENV_PROXY: '1',
    NODE_EXTRA_CA_CERTS: sidecar.caBundle,
  });
  expect({ code, output }).toEqual({ code: 0, output: '[{"type":"text","text":"for your eyes only"}]' });
  expect(server.audiences).toEqual([url]);
  const asked = new Set(server.requests.map((request) => request.url.replace(/\?.*/, '')));
  for (const path of [
    '/.well-known/oauth-protected-resource/mcp',
    '/register',
    '/authorize',
    '/token',
    '/mcp',
  ])
    expect(asked).toContain(path);
  expect(sidecar.logs.filter(({ msg }) => String(msg).includes('OAuth'))).toEqual([]);
});

it('on the base URL its 401 passes, and the advice to use the CONNECT route is logged once', async () => {
  const { sidecar, url } = await startPair();
  for (let round = 0; round < 3; round++) {
    const answer = await ask(sidecar.proxy, '/dev/mcp', { body: '{}' });
    expect(answer.status).toBe(401);
    // It is not rewritten: the token's audience would become the local URL.
    expect(answer.header('www-authenticate')).toContain(new URL(url).origin);
  }
  const advice = sidecar.logs.filter(
    (line) =>
      line['level'] === 'warn' && /CONNECT|HTTPS_PROXY/.test(JSON.stringify([line['msg'], line['hint']])),
  );
  expect(advice).toHaveLength(1);
  expect(advice[0]).toMatchObject({ server: 'dev' });
});

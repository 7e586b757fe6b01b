import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanUp } from '../harness/clean-up.ts';
import type { Upstream } from '../harness/tls-upstream.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { chat } from './litellm-api.ts';
import { modelSays, startOpenaiServer } from './openai-server.ts';
import { itWorks } from './works-on.ts';

let gateway: Gateway;
let plain: Upstream;

/** A model by plain http, as those on a machine's own GPU are. */
const modelAt = (name: string, host: string) =>
  `  - { model_name: ${name}, litellm_params: { model: openai/chat, api_base: 'http://${host}:${plain.port}/v1', api_key: none } }\n`;

beforeAll(async () => {
  plain = await startOpenaiServer();
  gateway = await startGateway({
    example: 'http-proxy',
    // NO_PROXY has no localhost, as the MCP servers of the tests are there.
    env: ({ proxyUrl }, { machineRoots }) => ({
      HTTP_PROXY: proxyUrl,
      NO_PROXY: '127.0.0.1',
      SSL_CERT_FILE: machineRoots,
    }),
    models: modelAt('exempt', '127.0.0.1') + modelAt('proxied', 'gpu.corp.test'),
  });
  cleanUp(() => void plain.close());
});

afterAll(() => gateway.close());

itWorks(() => gateway, {
  route: 'absolute',
  urlOf: ({ company }, name) =>
    `${company[name].replace('https:', 'http:')}${name === 'wiki' ? '/mcp' : '/sse'}`,
});

it('calls https:// models as before, and http:// ones that NO_PROXY names', async () => {
  for (const model of ['chat', 'exempt'])
    expect(await chat(gateway.litellm, model)).toMatchObject({
      status: 200,
      body: { choices: [{ message: { content: modelSays } }] },
    });
  const passed = { server: 'unlisted', code: '200' };
  expect((await gateway.sidecar.metric('mcp_tls_sidecar_requests_total', passed)) ?? 0).toBe(0);
});

it('has other http:// models refused: unlisted_plaintext is deny', async () => {
  const { status, body } = await chat(gateway.litellm, 'proxied');
  expect({ status, body: JSON.stringify(body) }).toEqual({
    status: 403,
    body: expect.stringContaining('Error code: 403') as unknown,
  });
  const denied = { server: 'unlisted', reason: 'policy_denied' };
  expect(await gateway.sidecar.metric('mcp_tls_sidecar_failures_total', denied)).toBeGreaterThan(0);
});

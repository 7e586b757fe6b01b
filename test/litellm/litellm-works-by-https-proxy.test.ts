import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { poll } from '../harness/poll.ts';
import type { Upstream } from '../harness/tls-upstream.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { chat } from './litellm-api.ts';
import { modelSays, startOpenaiServer } from './openai-server.ts';
import { itWorks } from './works-on.ts';

let gateway: Gateway;
let impostor: Upstream;

beforeAll(async () => {
  impostor = await startOpenaiServer(createCa().issue('localhost'));
  gateway = await startGateway({
    example: 'https-proxy',
    env: ({ proxyUrl, caBundle }) => ({ HTTPS_PROXY: proxyUrl, SSL_CERT_FILE: caBundle }),
    models: `  - { model_name: impostor, litellm_params: { model: openai/chat, api_base: 'https://localhost:${impostor.port}/v1', api_key: none } }\n`,
  });
});

afterAll(async () => {
  await gateway.close();
  await impostor.close();
});

itWorks(() => gateway, {
  route: 'connect',
  urlOf: ({ company }, name) => `${company[name]}${name === 'wiki' ? '/mcp' : '/sse'}`,
});

it('reaches its models by blind tunnels', async () => {
  const { litellm, sidecar, company } = gateway;
  expect(await chat(litellm)).toMatchObject({
    status: 200,
    body: { choices: [{ message: { content: modelSays } }] },
  });
  expect(company.llm.requests.map(({ url }) => url)).toContain('/v1/chat/completions');
  const unlisted = { server: 'unlisted' };
  // A tunnel counts as a request when it ends, and LiteLLM keeps its connections for a while.
  const count = async (name: string) => (await sidecar.metric(`mcp_tls_sidecar_${name}`, unlisted)) ?? 0;
  expect((await count('open_streams')) + (await count('requests_total'))).toBeGreaterThan(0);
  // The TLS in there is LiteLLM's own.
  expect(await count('upstream_handshakes_total')).toBe(0);
});

it('verifies the models itself, through the tunnel', async () => {
  const { status, body } = await chat(gateway.litellm, 'impostor');
  expect(status).toBeGreaterThanOrEqual(500);
  expect(JSON.stringify(body)).not.toContain(modelSays);
  await poll(() => impostor.handshakeErrors.length > 0, { what: 'a refused certificate' });
  expect(impostor.requests).toEqual([]);
});

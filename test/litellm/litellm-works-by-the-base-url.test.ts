import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { poll } from '../harness/poll.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { chat, listTools, registeredServers } from './litellm-api.ts';
import { modelSays } from './openai-server.ts';
import { itWorks, timeoutMs } from './works-on.ts';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({
    example: 'base-url',
    startsWithWrongCa: true,
    // As on any machine: for its models, and nothing of it is about the sidecar.
    env: (_, { machineRoots }) => ({ SSL_CERT_FILE: machineRoots }),
  });
});

afterAll(() => gateway.close());

it('starts with the wrong CA, and reaches the tools once the right one is in the file', async () => {
  const { litellm, company } = gateway;
  expect((await listTools(litellm, 'wiki')).detail?.error).toBe('upstream_error');
  writeFileSync(company.caFile, company.ca.pem);
  for (const name of ['wiki', 'tickets'])
    await poll(async () => (await listTools(litellm, name)).error === null, {
      what: `tools of ${name}`,
      timeoutMs,
    });
});

itWorks(() => gateway, {
  route: 'base_url',
  urlOf: ({ sidecar }, name) => `${sidecar.proxyUrl}/${name}${name === 'wiki' ? '/mcp' : '/sse'}`,
});

it('keeps the id that server_id pins, where another would change with the url', async () => {
  const servers = await registeredServers(gateway.litellm);
  const ids = Object.fromEntries(servers.map(({ server_name, server_id }) => [server_name, server_id]));
  expect(ids).toEqual({ wiki: 'wiki', tickets: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown });
});

it('calls its models as before, not through the sidecar', async () => {
  expect(await chat(gateway.litellm)).toMatchObject({
    status: 200,
    body: { choices: [{ message: { content: modelSays } }] },
  });
  const unlisted = { server: 'unlisted' };
  expect((await gateway.sidecar.metric('mcp_tls_sidecar_requests_total', unlisted)) ?? 0).toBe(0);
});

it('a line of config.yaml that the sidecar alone reads is taken up without a restart of either', async () => {
  const { litellm, sidecar, config } = gateway;
  // What LiteLLM would do by itself: refuse the certificates for want of an Authority Key Identifier.
  const strict = config.replaceAll('    tls:\n', '    tls:\n      strict: true\n');
  expect(strict).not.toBe(config);
  sidecar.writeConfig(strict);
  const failing = async () => (await listTools(litellm, 'wiki')).detail?.error === 'upstream_error';
  await poll(failing, { what: 'a failure, with strict: true,', timeoutMs });
  const failures = { server: 'wiki', reason: 'tls_cert_strict' };
  expect(await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', failures)).toBeGreaterThan(
    0,
  );
  sidecar.writeConfig(config);
  await poll(async () => (await listTools(litellm, 'wiki')).error === null, {
    what: 'the tools, without,',
    timeoutMs,
  });
});

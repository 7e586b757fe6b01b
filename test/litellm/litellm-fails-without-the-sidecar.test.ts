import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleFor, startCompany, type Company } from './company.ts';
import { askLitellm, callTool, listTools, tryServer } from './litellm-api.ts';
import { startLitellm, writeConfig, type LitellmProcess } from './litellm-process.ts';

let company: Company;
let litellm: LitellmProcess;

/** The words by which people search for a cure. */
const words =
  /ConnectError.*\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify failed: Missing Authority Key Identifier \(_ssl\.c:\d+\).*\/(mcp|sse)/g;

beforeAll(async () => {
  company = await startCompany();
  // The right CA in every setting that is advised: of the server, of the process, of the libraries.
  const settings = ['SSL_CERT_FILE', 'SSL_VERIFY', 'HTTPX_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];
  const env = Object.fromEntries(settings.map((name) => [name, company.caFile]));
  const config = exampleFor(company, 'https-proxy').replace(/(transport: sse\n\s+ssl_verify:).*/, '$1 false');
  expect(config).toContain('ssl_verify: false');
  litellm = await startLitellm({ config: writeConfig(config), env: { ...env, LITELLM_LOG: 'DEBUG' } });
});

afterAll(async () => {
  await litellm.kill();
  await company.close();
});

describe('LiteLLM with the right CA in every setting', () => {
  it.each(['wiki', 'tickets'])('reaches no tool of %s, whatever its ssl_verify', async (name) => {
    expect((await listTools(litellm, name)).detail?.error).toBe('unreachable');
    const call = await callTool(litellm, name, { name: 'echo', arguments: { message: 'hi' } });
    expect(call).toEqual({
      status: 500,
      body: { detail: expect.objectContaining({ error: 'internal_server_error' }) as unknown },
    });
  });

  it('says why in the words of the seed, in its log and at level DEBUG', () => {
    const paths = Array.from(litellm.output().matchAll(words), ([, path]) => path);
    expect(new Set(paths)).toEqual(new Set(['mcp', 'sse']));
  });

  it('says no such thing where a server is tried or registered', async () => {
    const tried = await tryServer(litellm, `${company.wiki}/mcp`, 'http');
    expect(tried.body).toMatchObject({ status: 'error', error: true });
    const { message } = tried.body as { readonly message: string };
    expect(message).toMatch(/unreachable/);
    expect(message).not.toMatch(/certificate/i);
    // Registering by API is for those with a database.
    const server = { server_name: 'third', url: `${company.wiki}/mcp`, transport: 'http' };
    const registered = await askLitellm(litellm, '/v1/mcp/server', server);
    expect({ status: registered.status, body: JSON.stringify(registered.body) }).toMatchObject({
      status: 500,
      body: expect.stringContaining('Database not connected') as unknown,
    });
  });
});

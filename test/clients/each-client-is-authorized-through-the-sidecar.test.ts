import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { configText } from '../harness/config-text.ts';
import { startInProcess } from '../harness/start-in-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startOauthServer, type OauthServer } from '../integration/clients/oauth-server.ts';
import type { Client } from './client.ts';
import { oauthClients } from './oauth-clients.ts';
import { runClient } from './run-client.ts';
import { oauthTableOf, tableOfDocs } from './table.ts';
import { NO_PROXY } from './ways.ts';

const root = createCa();
// What Python 3.13 refuses with "Missing Authority Key Identifier".
const mcpLeaf = root.issue(['mcp.test', 'localhost'], { authorityKeyIdentifier: false });
/** What ran, and worked. */
const worked: { readonly client: Client; readonly route: 'CONNECT' | 'base URL' }[] = [];

/** The steps of RFC 9728, 8414, 7591 and 6749, and who was asked. */
const steps = {
  server: ['/mcp', '/.well-known/oauth-protected-resource/mcp'],
  issuer: ['/.well-known/oauth-authorization-server', '/register', '/authorize', '/token'],
};

function expectSteps({ requests, issuer }: OauthServer): void {
  const asked = (list: typeof requests) => new Set(list.map(({ url }) => url.replace(/\?.*/s, '')));
  expect([...asked(requests)]).toEqual(expect.arrayContaining(steps.server));
  expect([...asked(issuer.requests)]).toEqual(expect.arrayContaining(steps.issuer));
  // A token that went elsewhere than to its server would be somebody else's to use.
  expect(issuer.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
}

async function startBehindConnect() {
  const issuer = { leaf: root.issue('login.test', { authorityKeyIdentifier: false }), host: 'login.test' };
  const server = await startOauthServer(mcpLeaf, 'mcp.test', issuer);
  const url = `${server.origin}/mcp`;
  // The identity provider stands behind the same CA, and so needs an entry too.
  const hosts = { [`login.test:${server.issuer.port}`]: { ssl_verify: root.pem } };
  const sidecar = await startInProcess({
    config: configText({ dev: { url, ssl_verify: root.pem } }, { hosts }),
  });
  return { server, sidecar, url };
}

/** The identity provider is reached directly there: its certificate is a good one. */
async function startBehindBaseUrl(tls: object) {
  const server = await startOauthServer(mcpLeaf, 'localhost', {
    leaf: root.issue('localhost'),
    host: 'localhost',
  });
  const entry = { url: `${server.origin}/mcp`, ssl_verify: root.pem, tls };
  const sidecar = await startInProcess({ config: configText({ dev: entry }) });
  const caFile = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(caFile, root.pem);
  return { server, sidecar, url: `${sidecar.proxyUrl}/dev/mcp`, caFile };
}

const errand = (url: string) => ({ installed: inject('clients'), transport: 'streamableHttp', url }) as const;

describe.each(oauthClients)('$name', (client) => {
  it('is authorized and calls by CONNECT, with the real URL as the audience', async () => {
    const { server, sidecar, url } = await startBehindConnect();
    const { code, output } = await runClient(client, errand(url), {
      ...client.env,
      HTTPS_PROXY: sidecar.proxyUrl,
      NO_PROXY,
      [client.trust]: sidecar.caBundle,
    });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(client.says) as string });
    expectSteps(server);
    expect(server.audiences).toEqual([url]);
    const requests = sidecar.logs.filter(({ msg }) => msg === 'request');
    expect(new Set(requests.map(({ route }) => route))).toEqual(new Set(['connect']));
    expect(new Set(requests.map((line) => line['server']))).toEqual(
      new Set(['dev', `login.test:${server.issuer.port}`]),
    );
    worked.push({ client, route: 'CONNECT' });
  });

  it('is authorized and calls by the base URL with rewrite_oauth: true, with that URL as the audience', async () => {
    const { server, url, caFile } = await startBehindBaseUrl({ rewrite_oauth: true });
    const { code, output } = await runClient(client, errand(url), { ...client.env, [client.trust]: caFile });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(client.says) as string });
    expectSteps(server);
    expect(server.audiences).toEqual([url]);
    worked.push({ client, route: 'base URL' });
  });

  it('asks for no token by the base URL without it: the metadata lead past the sidecar, to another resource', async () => {
    const { server, url, caFile } = await startBehindBaseUrl({});
    const { code, output } = await runClient(client, errand(url), { ...client.env, [client.trust]: caFile });
    expect(code).not.toBe(0);
    expect(output).toMatch(/does not match|Missing Authority Key Identifier/);
    expect(output).not.toContain(client.says);
    expect(server.audiences).toEqual([]);
  });
});

it('docs/clients.md tells who was authorized here, and nobody else', () => {
  const text = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
  const table = oauthTableOf(oauthClients, worked);
  expect(tableOfDocs(text, table)).toBe(table);
});

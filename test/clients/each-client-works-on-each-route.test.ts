import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { configText } from '../harness/config-text.ts';
import {
  startEverythingBoth,
  type EverythingServer,
  type EverythingTransport,
} from '../harness/mcp-upstream.ts';
import { startInProcess, type InProcessSidecar } from '../harness/start-in-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Client } from './client.ts';
import { clients } from './clients.ts';
import { runClient } from './run-client.ts';
import { tableOf, tableOfDocs, type Works } from './table.ts';
import { ways, type Way } from './ways.ts';

// What Python 3.13 refuses with "Missing Authority Key Identifier".
const root = createCa();
const hosts: Record<EverythingTransport, string> = { streamableHttp: 'mcp.test', sse: 'sse.test' };
let servers: Record<EverythingTransport, EverythingServer>;
let sidecar: InProcessSidecar;
/** What ran, and worked. */
const worked: Works[] = [];

beforeAll(async () => {
  const names = ['localhost', ...Object.values(hosts)];
  servers = await startEverythingBoth(root.issue(names, { authorityKeyIdentifier: false }));
  const entry = (transport: EverythingTransport) => ({ url: urlOf(transport), ssl_verify: root.pem });
  const entries = { streamableHttp: entry('streamableHttp'), sse: entry('sse') };
  sidecar = await startInProcess({ config: configText(entries) });
});

afterAll(async () => {
  await sidecar.close();
  await Promise.all([servers.streamableHttp.close(), servers.sse.close()]);
});

function urlOf(transport: EverythingTransport, host = hosts[transport]): string {
  const { port, path } = servers[transport];
  return `https://${host}:${port}${path}`;
}

const reach = (client: Client, way: Way, transport: EverythingTransport) => {
  const { url, env } = way.reach(sidecar, client, { entry: transport, url: urlOf(transport) });
  return runClient(client, { installed: inject('clients'), transport, url }, env);
};

for (const client of clients)
  describe.skipIf(client.missing)(client.name, () => {
    it('does not reach the server directly, with ca-bundle.pem', async () => {
      const errand = {
        installed: inject('clients'),
        transport: 'streamableHttp',
        url: urlOf('streamableHttp', 'localhost'),
      } as const;
      const { code, output } = await runClient(client, errand, { [client.trust]: sidecar.caBundle });
      expect(code).not.toBe(0);
      expect(output).not.toContain(client.says);
      expect(output).toMatch(/certificate|issuer|self.signed|fetch failed/i);
    });

    for (const way of ways)
      it.each(client.transports)(`works by ${way.name} over %s`, async (transport) => {
        const before = sidecar.logs.length;
        const { code, output } = await reach(client, way, transport);
        expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(client.says) as string });
        const lines = sidecar.logs.slice(before).filter(({ msg }) => msg === 'request');
        // Those who look for OAuth at the root of a base URL are told that nothing is there, and go on.
        const requests = lines.filter(({ route, status }) => route !== 'none' || status !== 404);
        expect(new Set(requests.map(({ server }) => server))).toEqual(new Set([transport]));
        expect(new Set(requests.map(({ route }) => route))).toEqual(new Set([way.routeOf(client)]));
        worked.push({ client, way, transport });
      });
  });

it.each(clients.filter(({ name }) => name.includes('Python SDK')))(
  '$name fails directly in the words of the seed, although it has the CA',
  async (client) => {
    const caFile = join(temporaryDirectory(), 'ca.pem');
    writeFileSync(caFile, root.pem);
    for (const transport of client.transports) {
      const errand = { installed: inject('clients'), transport, url: urlOf(transport, 'localhost') };
      const { code, output } = await runClient(client, errand, { [client.trust]: caFile });
      expect({ code, output }).toEqual({
        code: 1,
        output: expect.stringContaining('Missing Authority Key Identifier') as string,
      });
    }
  },
);

// Where a client is not here, the table tells of more than can be seen.
it.skipIf(clients.some(({ missing }) => missing))(
  'docs/clients.md tells what worked here, and nothing else',
  () => {
    const text = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
    const table = tableOf(clients, worked);
    expect(tableOfDocs(text, table)).toBe(table);
  },
);

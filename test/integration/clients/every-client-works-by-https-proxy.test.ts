import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { startEverything, type EverythingServer } from '../../harness/mcp-upstream.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { proxiedClients } from './proxied-clients.ts';

const root = createCa();
const stranger = createCa();
let server: EverythingServer;
let unlisted: EverythingServer;
let sidecar: SidecarProcess;
let start: () => Promise<SidecarProcess>;
let bundle: string;

beforeAll(async () => {
  // Processes resolve names by the system: the one that they have for certain is localhost.
  const leaf = root.issue('localhost', { authorityKeyIdentifier: false });
  server = await startEverything({ leaf, transport: 'streamableHttp' });
  unlisted = await startEverything({ leaf: stranger.issue('localhost'), transport: 'streamableHttp' });
  const cwd = temporaryDirectory();
  const config = configText(
    { everything: { url: `https://localhost:${server.port}/mcp`, ssl_verify: root.pem } },
    { ca: { state_directory: join(temporaryDirectory(), 'state') } },
  );
  start = () => startSidecar({ config, cwd });
  sidecar = await start();
  bundle = sidecar.caBundle;
});

afterAll(async () => {
  await sidecar.kill();
  await Promise.all([server.close(), unlisted.close()]);
});

const urlOf = ({ port, path }: EverythingServer): string => `https://localhost:${port}${path}`;

for (const client of proxiedClients)
  describe.skipIf(client.missing)(client.name, () => {
    it('does not reach the server directly, with the same CA file', async () => {
      const { code, output } = await client.run(urlOf(server), bundle);
      expect(output).not.toContain(client.says);
      expect(code).not.toBe(0);
      expect(output).toMatch(/certificate|issuer|self.signed|fetch failed/i);
    });

    it('reaches it through the sidecar, by HTTPS_PROXY and ca-bundle.pem alone', async () => {
      const before = await served();
      const { code, output } = await client.run(urlOf(server), bundle, sidecar.proxyUrl);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(output).toContain(client.says);
      expect(await served()).toBeGreaterThan(before);
      const routes = sidecar.logs.filter(({ msg }) => msg === 'request').map(({ route }) => route);
      expect(new Set(routes)).toEqual(new Set(['connect']));
    });

    it('sees the own certificate of an unlisted host, and verifies it itself', async () => {
      const distrusted = await client.run(urlOf(unlisted), bundle, sidecar.proxyUrl);
      expect(distrusted.code).not.toBe(0);
      const own = join(temporaryDirectory(), 'own.pem');
      writeFileSync(own, stranger.pem);
      const { code, output } = await client.run(urlOf(unlisted), own, sidecar.proxyUrl);
      expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(client.says) as string });
    });
  });

it('every client still works after a restart with the bundle that it had loaded', async () => {
  const loaded = join(temporaryDirectory(), 'loaded.pem');
  writeFileSync(loaded, readFileSync(bundle));
  await sidecar.stop();
  sidecar = await start();
  const present = proxiedClients.filter(({ missing }) => !missing);
  const ran = await Promise.all(present.map(({ run }) => run(urlOf(server), loaded, sidecar.proxyUrl)));
  for (const [index, { code, output }] of ran.entries()) {
    const { name, says } = present[index] ?? expect.unreachable();
    expect({ name, code, output }).toMatchObject({ code: 0 });
    expect(output).toContain(says);
  }
}, 60_000);

async function served(): Promise<number> {
  return (await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'everything', code: '200' })) ?? 0;
}

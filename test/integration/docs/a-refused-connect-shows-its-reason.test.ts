import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import {
  askByCurl,
  askByGo,
  askByNode,
  askByPython,
  findGo,
  pythonWithClients,
  type Ask,
} from './real-clients.ts';
import { chapterOf, inPageNames, toExpression } from './troubleshooting-page.ts';

const python = pythonWithClients();
const go = await findGo();
let bundle = '';
let proxy = '';

beforeAll(async () => {
  bundle = join(temporaryDirectory(), 'ca.pem');
  writeFileSync(bundle, createCa().pem);
  const config = configText({}, { unlisted_hosts: 'deny' });
  proxy = (await startInProcess({ config })).proxyUrl;
});

/** What a client says whose CONNECT is refused, in the words of the page. */
async function refused(ask: Ask): Promise<string> {
  const env = { HTTPS_PROXY: proxy, NODE_USE_ENV_PROXY: '1' };
  const [said = ''] = await ask([{ url: 'https://mcp.test:443/mcp', bundle }], env);
  return inPageNames(said).replace('https://mcp.example.com/', 'https://mcp.example.com:443/');
}

const row = (name: string) =>
  toExpression(chapterOf('403 Forbidden (policy_denied)').says.get(name)?.[0] ?? '(no row)', name !== 'Node');

describe('docs/troubleshooting.md has what clients say of a CONNECT that the sidecar refuses:', () => {
  it.skipIf(python === undefined).each(['urllib', 'httpx', 'requests', 'aiohttp'] as const)(
    "Python's %s (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)",
    async (client) => {
      expect(await refused(askByPython(python ?? '', client))).toMatch(row(client));
    },
  );

  it("Node's fetch", async () => {
    expect(await refused(askByNode('fetch'))).toMatch(row('Node'));
  });

  it.skipIf(toolMissing('curl'))('curl (needs curl)', async () => {
    expect(await refused(askByCurl())).toMatch(row('curl'));
  });

  it.skipIf(go === undefined && toolMissing('go'))('Go (needs go)', { timeout: 200_000 }, async () => {
    expect(await refused(await askByGo(go ?? ''))).toMatch(row('Go'));
  });
});

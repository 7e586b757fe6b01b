import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import {
  askByCurl,
  askByGo,
  askByNode,
  askByPython,
  findGo,
  pythonWithClients,
  type Ask,
} from './real-clients.ts';

const python = pythonWithClients();
const go = await findGo();

/** A table of docs/migrating.md: which client goes by which variable. */
describe('docs/migrating.md says which variable is read by', () => {
  const page = readFileSync(new URL('../../../docs/migrating.md', import.meta.url), 'utf8');
  const [, head = ''] = /^\| variable \| (.*) \|$/m.exec(page) ?? [];
  const clients = head.split(' | ');
  const table = new Map(
    [...page.matchAll(/^\| `([A-Z_]+)` \| ((?:yes|no)(?: \| (?:yes|no))*) \|$/gm)].map(
      ([, variable = '', cells = '']) => [variable, cells.split(' | ')],
    ),
  );
  let subject = { url: '', bundle: '' };

  beforeAll(async () => {
    const ca = createCa();
    const { port } = await startUpstream({ leaf: ca.issue('mcp.test') });
    subject = { url: `https://mcp.test:${port}/mcp`, bundle: join(temporaryDirectory(), 'ca.pem') };
    writeFileSync(subject.bundle, ca.pem);
  });

  it('six clients and six variables', () => {
    expect(clients).toEqual(['httpx', 'requests', 'aiohttp', 'Node', 'curl', 'Go']);
    expect([...table.keys()]).toEqual([
      'SSL_CERT_FILE',
      'REQUESTS_CA_BUNDLE',
      'CURL_CA_BUNDLE',
      'HTTPX_CA_BUNDLE',
      'NODE_EXTRA_CA_CERTS',
      'SSL_VERIFY',
    ]);
  });

  async function expectTable(client: string, asks: Ask): Promise<void> {
    const column = clients.indexOf(client);
    const documented = [...table].map(([variable, cells]) => [variable, cells[column]]);
    const measured: [string, string][] = [];
    for (const variable of table.keys()) {
      // No client of these reads LiteLLM's own variable; the value is the one that people give it.
      const value = variable === 'SSL_VERIFY' ? 'False' : subject.bundle;
      const [said] = await asks([{ url: subject.url }], { [variable]: value });
      measured.push([variable, said === '' ? 'yes' : 'no']);
    }
    expect(measured).toEqual(documented);
  }

  it.skipIf(python === undefined).each(['httpx', 'requests', 'aiohttp'] as const)(
    "Python's %s (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)",
    { timeout: 60_000 },
    (client) => expectTable(client, askByPython(python ?? '', client)),
  );

  it("Node's fetch", { timeout: 60_000 }, () => expectTable('Node', askByNode('fetch')));

  it.skipIf(toolMissing('curl'))('curl (needs curl)', () => expectTable('curl', askByCurl()));

  it.skipIf(go === undefined && toolMissing('go'))('Go (needs go)', { timeout: 200_000 }, async () => {
    await expectTable('Go', await askByGo(go ?? ''));
  });
});

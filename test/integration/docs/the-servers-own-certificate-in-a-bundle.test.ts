import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa, type Ca } from '../../../certs-fixtures/create-ca.ts';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { askByCurl, askByNode, askByPython, pythonWithClients, type Ask } from './real-clients.ts';
import { chapterOf, toExpression } from './troubleshooting-page.ts';

const python = pythonWithClients();
const noPython = python === undefined;

const root = createCa();
const intermediate = root.intermediate();
const noIdentifier = { authorityKeyIdentifier: false } as const;

/** Serves a leaf, and writes a bundle beside it. */
async function serve(leaf: Leaf, bundle: string): Promise<{ url: string; bundle: string; port: number }> {
  const { port } = await startUpstream({ leaf });
  const file = join(temporaryDirectory(), 'bundle.pem');
  writeFileSync(file, bundle);
  return { url: `https://mcp.test:${port}/mcp`, bundle: file, port };
}

async function says(asks: Ask, subject: { url: string; bundle?: string }, env = {}): Promise<string> {
  const [said = ''] = await asks([subject], env);
  return said;
}

describe("what docs/troubleshooting.md says of the server's own certificate in a bundle", () => {
  const missing = /Missing Authority Key Identifier/;
  const leaf = root.issue('mcp.test', noIdentifier);
  const below = intermediate.issue('mcp.test', noIdentifier);

  it.skipIf(noPython)(
    'in front of its CA it changes nothing for Python (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)',
    async () => {
      const httpx = askByPython(python ?? '', 'httpx');
      expect(await says(httpx, await serve(leaf, leaf.certificate + root.pem))).toMatch(missing);
      const whole = below.certificate + intermediate.pem + root.pem;
      expect(await says(httpx, await serve(below, whole))).toMatch(missing);
    },
  );

  it.skipIf(noPython)(
    'alone it makes Python accept where no intermediate is sent (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)',
    async () => {
      const httpx = askByPython(python ?? '', 'httpx');
      expect(await says(httpx, await serve(leaf, leaf.certificate))).toBe('');
      expect(await says(httpx, await serve(below, below.certificate))).toMatch(missing);
    },
  );

  it('alone it makes Node refuse, and the sidecar accept until it is renewed', async () => {
    const { url, bundle, port } = await serve(leaf, leaf.certificate);
    expect(await says(askByNode('https'), { url }, { NODE_EXTRA_CA_CERTS: bundle })).toMatch(
      /unable to verify the first certificate/,
    );
    const renewed = await startUpstream({ leaf: root.issue('mcp.test', noIdentifier) });
    const entry = (to: number) => ({ url: `https://mcp.test:${to}/mcp`, ssl_verify: bundle });
    const config = configText({ now: entry(port), renewed: entry(renewed.port) });
    const { proxy } = await startInProcess({ config });
    expect((await ask(proxy, '/now')).status).toBe(200);
    expect((await ask(proxy, '/renewed')).body).toContain('tls_cert_issuer_unknown');
  });

  it.skipIf(noPython)(
    'an intermediate without the extension is cured by itself (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)',
    async () => {
      const httpx = askByPython(python ?? '', 'httpx');
      const flawed: Ca = root.intermediate(noIdentifier);
      expect(await says(httpx, await serve(flawed.issue('mcp.test'), root.pem))).toMatch(missing);
      expect(await says(httpx, await serve(flawed.issue('mcp.test'), flawed.pem + root.pem))).toBe('');
    },
  );
});

describe('what docs/troubleshooting.md has of a CA file that is not there', () => {
  const subject = { url: 'https://mcp.test:9/mcp', bundle: '/nowhere/corp.pem' };
  const row = (name: string) =>
    toExpression(chapterOf('No such file').says.get(name)?.[0] ?? '(no row)', true);

  it.skipIf(noPython).each(['ssl', 'requests'] as const)(
    "from Python's %s (needs MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS)",
    async (client) => {
      expect(await says(askByPython(python ?? '', client), subject)).toMatch(row(client));
    },
  );

  it.skipIf(toolMissing('curl'))('from curl (needs curl)', async () => {
    const { port } = await serve(root.issue('mcp.test'), root.pem);
    const url = `https://mcp.test:${port}/mcp`;
    expect(await says(askByCurl(), { ...subject, url })).toMatch(row('curl'));
  });
});

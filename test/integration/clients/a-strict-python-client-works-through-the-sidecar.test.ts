import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { startEverything, type EverythingServer } from '../../harness/mcp-upstream.ts';
import { strictPython } from '../../harness/require-tool.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const python = strictPython();
const script = fileURLToPath(new URL('python-client.py', import.meta.url));

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(python === undefined)('a Python client that verifies strictly (needs python3)', () => {
  let server: EverythingServer;
  let sidecar: SidecarProcess;
  let caFile: string;

  beforeAll(async () => {
    const root = createCa();
    caFile = join(temporaryDirectory(), 'ca.pem');
    writeFileSync(caFile, root.pem);
    // Its processes resolve names by the system: the one that they have for certain is localhost.
    const leaf = root.issue('localhost', { authorityKeyIdentifier: false });
    server = await startEverything({ leaf, transport: 'streamableHttp' });
    const url = `https://localhost:${server.port}/mcp`;
    sidecar = await startSidecar({ config: configText({ everything: { url, ssl_verify: caFile } }) });
  });

  afterAll(async () => {
    await sidecar.kill();
    await server.close();
  });

  /** The same script and the same CA file, whichever way it goes. */
  function runScript(url: string, env: Record<string, string> = {}): Promise<Result> {
    const args = [script, url, caFile, ...(python?.needsFlags === true ? ['--strict'] : [])];
    return new Promise((resolve) => {
      execFile(python?.path ?? '', args, { env, timeout: 15_000 }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
      );
    });
  }

  function expectTools({ code, stdout, stderr }: Result): void {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining(['echo', 'get-sum']));
  }

  it('fails directly, in the words that people search for, although it has the CA', async () => {
    const { code, stdout, stderr } = await runScript(`https://localhost:${server.port}/mcp`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Missing Authority Key Identifier',
    );
  });

  it('succeeds with the base URL', async () => {
    expectTools(await runScript(`${sidecar.proxyUrl}/everything/mcp`));
  });

  it.each([
    ['the port of the entry', () => `http://localhost:${server.port}/mcp`],
    ['no port', () => 'http://localhost/mcp'],
  ])('succeeds with HTTP_PROXY and an http:// URL with %s', async (_, urlOf) => {
    expectTools(await runScript(urlOf(), { HTTP_PROXY: sidecar.proxyUrl }));
  });

  it('counts what it relayed for it, and the defect is not held against the server', async () => {
    const served = { server: 'everything', code: '200' };
    const before = (await sidecar.metric('mcp_tls_sidecar_requests_total', served)) ?? 0;
    expectTools(await runScript(`${sidecar.proxyUrl}/everything/mcp`));
    // initialize and tools/list; the notification in between is a 202.
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', served)).toBe(before + 2);
    expect(await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total')).toBe(0);
  });
});

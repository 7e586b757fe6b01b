import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { version } from '../../src/version.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { configText } from '../harness/config-text.ts';
import { environmentOf, pack, runIn } from '../harness/packed.ts';
import { poll } from '../harness/poll.ts';
import { node24 } from '../harness/require-tool.ts';
import { logCollector } from '../harness/sidecar.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

const top = path.resolve(import.meta.dirname, '../..');
const tsc = path.join(top, 'node_modules/typescript/lib/tsc.js');
/** What a careful consumer has, and no types of Node. */
const compilerOptions = {
  ...{
    target: 'es2022',
    lib: ['es2022', 'dom'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: [],
  },
  ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
};
const anyPorts = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
const nodes = [
  ['Node 26', process.execPath],
  ['Node 24 (needs MCP_TLS_SIDECAR_TEST_NODE_24)', node24()],
] as const;

let work = '';
let tarball = '';

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'mcp-tls-sidecar-package-'));
  tarball = await pack(work);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A server behind a private CA, and a configuration for it. */
async function company() {
  const ca = createCa();
  const upstream = await startUpstream({
    leaf: ca.issue('127.0.0.1'),
    handler: (_request, response) => response.end('from upstream'),
  });
  const config = path.join(temporaryDirectory(), 'config.yaml');
  const url = `https://${upstream.authority}/mcp`;
  writeFileSync(config, configText({ dev: { url, ssl_verify: ca.pem } }));
  return { config };
}

/** An empty folder in which the package was installed. */
async function installed(env: NodeJS.ProcessEnv): Promise<string> {
  const folder = temporaryDirectory();
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "private": true }');
  const result = await runIn(folder, env, ['npm', 'install', '--no-audit', '--no-fund', tarball]);
  expect(result.code, result.stderr).toBe(0);
  return folder;
}

describe.each(nodes)('the packed package on %s', (_name, node = '') => {
  it.skipIf(node === '')('runs by npx from the tarball, with nothing else to fetch', async () => {
    const env = environmentOf(node);
    const npx = (...args: string[]) =>
      runIn(temporaryDirectory(), env, [
        'npx',
        '--yes',
        `--package=${tarball}`,
        '--',
        'mcp-tls-sidecar',
        ...args,
      ]);
    expect(await npx('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
    const { config } = await company();
    expect(await npx('check', '--json', '--config', config)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"problems"') as string,
    });
    expect(await npx('serv')).toMatchObject({ code: 2, stdout: '' });
  });

  it.skipIf(node === '')('relays, shows its status page and drains when it is installed', async () => {
    const env = environmentOf(node);
    const folder = await installed(env);
    expect(readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'mcp-tls-sidecar',
    ]);
    const { config } = await company();
    const { child, ready, logs } = await serve(folder, env, ['--config', config, ...anyPorts]);
    const answer = await fetch(`http://${ready.proxy}/dev/mcp`);
    expect([answer.status, await answer.text()]).toEqual([200, 'from upstream']);
    const page = await fetch(`http://${ready.admin}/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);
    const metrics = await fetch(`http://${ready.admin}/metrics`).then((response) => response.text());
    expect(metrics).toContain(`mcp_tls_sidecar_build_info{version="${version}"`);
    const closed = once(child, 'close');
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await closed;
    expect(logs.map(({ msg }) => msg)).toContain('draining');
  });

  it.skipIf(node === '')('is a module with types that stand by themselves', { timeout: 60_000 }, async () => {
    const env = environmentOf(node);
    const folder = await installed(env);
    const { config } = await company();
    writeFileSync(path.join(folder, 'consumer.ts'), readFileSync(path.join(top, 'test/e2e/consumer.ts.txt')));
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
    );
    const compiled = await runIn(folder, env, ['node', tsc]);
    expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' });
    const ran = await runIn(folder, env, ['node', 'consumer.js', config]);
    expect(ran).toEqual({ code: 0, stdout: 'StartError\n200 from upstream\nfalse 0\n', stderr: '' });
  });
});

it('on a Node that is too old it says which to take', async () => {
  const folder = await installed(environmentOf(process.execPath));
  const launch = path.join(folder, 'node_modules/mcp-tls-sidecar/dist/launch.js');
  const { engines } = JSON.parse(readFileSync(path.join(top, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  expect(engines.node).toBe('^24.17.0 || >=26.3.1');
  for (const version of [
    '18.20.8',
    '22.21.0',
    '24.16.0',
    '25.9.0',
    '26.3.0',
    '24.17.0',
    '26.3.1',
    '27.0.0',
  ]) {
    const pretend = `data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"${version}"}})`;
    const result = await runIn(folder, {}, [process.execPath, '--import', pretend, launch, '--help']);
    const isFit = ['24.17.0', '26.3.1', '27.0.0'].includes(version);
    expect(result.code, version).toBe(isFit ? 0 : 1);
    if (!isFit)
      expect(result.stderr).toMatch(/^error: this is Node [\d.]+, on which .*\nhint: take Node 24\.17 /);
  }
});

it('npm run release:check has nothing to say', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await runIn(top, process.env, ['npm', 'run', '--silent', 'release:check']);
  expect(stdout, stderr).not.toContain('FAIL');
  expect(stdout.match(/^pass {2}/gm)).toHaveLength(5);
  expect(code).toBe(0);
});

/** Runs the installed command by npx, in a process group of its own, until it is ready. */
async function serve(cwd: string, env: NodeJS.ProcessEnv, args: readonly string[]) {
  const child: ChildProcess = spawn('npx', ['mcp-tls-sidecar', ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanUp(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  const { logs, write } = logCollector();
  child.stdout?.setEncoding('utf8').on('data', write);
  const ready = await poll(() => logs.find(({ msg }) => msg === 'ready'), {
    timeoutMs: 20_000,
    what: 'ready',
  });
  return { child, logs, ready: ready as unknown as { proxy: string; admin: string } };
}

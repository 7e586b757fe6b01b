import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { runInShell } from '../../examples/demo/shell.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { poll } from '../harness/poll.ts';
import { strictPython, toolMissing } from '../harness/require-tool.ts';
import { endNow } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const demo = fileURLToPath(new URL('../../examples/demo/demo.ts', import.meta.url));
const python = strictPython();
// Half a dozen processes each, on a machine that other tests share.
vi.setConfig({ testTimeout: 60_000 });

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Where it keeps its files: to be empty in the end. */
  readonly files: string;
  readonly ended: Promise<number | null>;
}

function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const files = temporaryDirectory();
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [demo, ...args], {
    env: { PATH, HOME, TMPDIR: files, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanUp(() => endNow(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, files, ended };
}

/** Nothing that the demo said to have started is there any more. */
async function expectNothingLeft({ output, files }: Run): Promise<void> {
  const [, proxy = '', admin = '', pid = ''] = /proxy (\S+), admin (\S+), pid (\d+)/.exec(output()) ?? [];
  const [, upstream = ''] = /listens on https:\/\/localhost:(\d+)/.exec(output()) ?? [];
  for (const address of [proxy, admin, `127.0.0.1:${upstream}`])
    expect(await accepts(address), address).toBe(false);
  expect(isRunning(Number(pid))).toBe(false);
  expect(readdirSync(files)).toEqual([]);
}

function accepts(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** One run for both tests that look at a plain one. */
let plain: Run | undefined;

it('plays the main job from the failure to the remedy, and leaves nothing behind', async () => {
  const run = (plain ??= startDemo(['--once']));
  expect(await run.ended, run.output()).toBe(0);
  const output = run.output();
  const steps = [
    /^✓ server-everything listens on https:\/\/localhost:\d+\/mcp\n.*no Authority Key Identifier$/m,
    /^✗ MCP TypeScript SDK on Node [^]*?\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/m,
    /^ {2}node .*src\/main.ts serve --config \S+config.yaml/m,
    /^✓ ready: proxy 127\.0\.0\.1:\d+, admin 127\.0\.0\.1:\d+, pid \d+$/m,
    /^✓ MCP TypeScript SDK lists \d+ tools\n {2}echo, /m,
    /^✓ tool echo\(\{"message":"hello"\}\) answers "Echo: hello"$/m,
    /^✓ reloaded by itself within \d+ ms; ca\.pem is now "Some Other CA"$/m,
    /^✗ tool echo: HTTP 502, reason tls_cert_issuer_unknown\n {2}request to MCP server "dev" failed: /m,
    /^ {2}\{"level":"warn","server":"dev","status":502,"reason":"tls_cert_issuer_unknown",$/m,
    /^ {2}mcp_tls_sidecar_upstream_handshake_failures_total\{server="dev",reason="tls_cert_issuer_unknown"\} 1$/m,
    /^✓ reloaded by itself within \d+ ms; ca\.pem is now "Demo Corp Root CA"$/m,
    /^✓ tool echo\(\{"message":"hello again"\}\) answers "Echo: hello again"$/m,
    /^✓ no restart: pid \d+ runs since /m,
    /^ {2}mcp_tls_sidecar_config_reloads_total\{result="success"\} 2$/m,
    /^✓ the sidecar ended with exit code 0$/m,
    /^✓ temporary files removed: /m,
    /^All \d+ observations are as claimed, in \d+\.\d s\.$/m,
  ];
  for (const step of steps) expect(output).toMatch(step);
  const places = steps.map((step) => output.search(step));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  // No terminal, no colours; and what has no path of this machine in it fits the screen.
  expect(output).not.toContain('\u001b');
  const wide = output.split('\n').filter((line) => line.length > 100 && !line.includes(run.files));
  expect(wide).toEqual([]);
  await expectNothingLeft(run);
});

it.skipIf(python === undefined)('shows the words of the seed (needs python3)', async () => {
  const run = (plain ??= startDemo(['--once']));
  await run.ended;
  expect(run.output().replaceAll('\n  ', ' ')).toContain(
    'certificate verify failed: Missing Authority Key Identifier',
  );
  expect(run.output()).toMatch(
    /^✗ Python 3\.\d+\.\d+, although [^✓]*\n {2}\[SSL: CERTIFICATE_VERIFY_FAILED\] /m,
  );
  expect(run.output()).toMatch(/^✓ Python 3\.\d+\.\d+.*the same script: HTTP 200, serverInfo /m);
});

it.skipIf(toolMissing('curl') || toolMissing('ps'))(
  'stays up for the commands that it prints, beside whoever has its ports, until Ctrl-C (needs curl, ps)',
  async () => {
    const neighbour = createServer().on('error', () => undefined);
    neighbour.listen(8921, '127.0.0.1');
    cleanUp(() => neighbour.close());
    const run = startDemo([]);
    await poll(() => run.output().includes('Up until Ctrl-C'), { timeoutMs: 20_000, what: 'the demo' });
    expect(run.output()).toContain('error: cannot listen on 127.0.0.1:8921: the port is in use');

    const curl = [...run.output().matchAll(/^ {2}(curl [^]*?)\n[✓✗]/gm)].map(([, command = '']) => command);
    const results = await Promise.all(curl.map(runInShell));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(results[0]?.stdout).toContain('"text":"Echo: curl"');
    expect(results[1]?.stdout).toMatch(/^mcp_tls_sidecar_failures_total\{.*\} 1$/m);

    const [breaks = '', mends = ''] = run.output().match(/^ {2}cp .*$/gm) ?? [];
    const call = () => runInShell(curl[0] ?? '').then(({ stdout }) => stdout);
    await runInShell(breaks);
    await poll(async () => (await call()).includes('"reason":"tls_cert_issuer_unknown"'));
    await poll(() => /warn request failed server=dev .* reason=tls_cert_issuer_unknown/.test(run.output()));
    await runInShell(mends);
    await poll(async () => (await call()).includes('"text":"Echo: curl"'));

    const children = await childrenOf(run.child.pid);
    expect(children.length).toBe(2);
    run.child.kill('SIGINT');
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output()).toMatch(/^All \d+ observations are as claimed\.$/m);
    expect(children.filter(isRunning)).toEqual([]);
    await expectNothingLeft(run);
  },
);

async function childrenOf(pid = 0): Promise<number[]> {
  const { stdout } = await runInShell('ps -A -o pid=,ppid=,args=');
  const processes = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  return processes
    .filter(([, parent, command]) => Number(parent) === pid && command !== 'ps' && command !== 'sh')
    .map(([id]) => Number(id));
}

it('does without Python and curl, and says so', async () => {
  const run = startDemo(['--once'], { PATH: pathOf('sh', 'cp', 'grep'), HOME: temporaryDirectory() });
  expect(await run.ended, run.output()).toBe(0);
  expect(run.output()).toContain('no Python 3.10 or later found');
  expect(run.output()).toContain('there is no curl on this machine');
});

it('fails and says what differed when something is not as it claims', async () => {
  const tools = pathOf('sh', 'cp', 'grep');
  // A Python to which every certificate is good.
  const answer = 'data: {"result":{"serverInfo":{"name":"x","version":"1"}}}';
  const fake = `#!/bin/sh\ncase "$2" in *platform*) echo 3.13.0;; *) echo '${JSON.stringify({ status: 200, body: answer })}';; esac\n`;
  writeFileSync(join(tools, 'python3'), fake);
  chmodSync(join(tools, 'python3'), 0o755);
  const run = startDemo(['--once'], { PATH: tools, HOME: temporaryDirectory() });
  expect(await run.ended, run.output()).toBe(1);
  expect(run.output()).toMatch(
    /\nNot as claimed:\n- Python refuses the certificate for want of an Authority Key Identifier\n$/,
  );
  await expectNothingLeft(run);
});

it('ends all it has started when it is interrupted on its way', async () => {
  const run = startDemo([]);
  await poll(() => run.output().includes('✓ ready'), { timeoutMs: 20_000, what: 'the sidecar' });
  run.child.kill('SIGINT');
  expect(await run.ended, run.output()).toBe(1);
  expect(run.output()).toContain('interrupted by SIGINT');
  await expectNothingLeft(run);
});

/** A directory that has these tools of the machine and no other. */
function pathOf(...tools: string[]): string {
  const directory = join(temporaryDirectory(), 'bin');
  mkdirSync(directory);
  const places = (process.env['PATH'] ?? '').split(delimiter);
  for (const tool of tools) {
    const place = places.find((one) => readable(one).includes(tool));
    if (place !== undefined) symlinkSync(join(place, tool), join(directory, tool));
  }
  return directory;
}

function readable(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanUp } from '../harness/clean-up.ts';
import { pack } from '../harness/packed.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const rounds = 7;
/** Processor time until ready over that of bare node: 5 as this is written, 14 before it was looked after. */
const grossRatio = 10;
/** 67 as this is written, 94 before. */
const grossMegabytes = 85;
/** The same for a program without anything of ours. */
const bareProgram = 'process.stdout.write(`"msg":"ready"`); setInterval(() => undefined, 1e6)';
const hasSchedstat = existsSync('/proc/self/schedstat');

let work = '';
let launch = '';

beforeAll(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'mcp-tls-sidecar-start-'));
  execFileSync('tar', ['-xzf', await pack(work), '-C', work]);
  launch = path.join(work, 'package/dist/launch.js');
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

/** What somebody has who set nothing. */
function emptyHome(): { home: string; temporary: string; env: NodeJS.ProcessEnv } {
  const home = temporaryDirectory();
  const temporary = temporaryDirectory();
  return { home, temporary, env: { HOME: home, TMPDIR: temporary } };
}

/** Two servers of the default trust, one of them unverified. */
function serveArguments(): string[] {
  const config = path.join(temporaryDirectory(), 'config.yaml');
  const servers = {
    verified: { url: 'https://mcp.example.com/mcp' },
    unverified: { url: 'https://dev.example.com/mcp', ssl_verify: false },
  };
  writeFileSync(config, JSON.stringify({ mcp_servers: servers }));
  return [launch, 'serve', '--config', config, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
}

interface Started {
  readonly child: ChildProcess;
  readonly wallMs: number;
  /** Processor time of all threads until ready. */
  readonly cpuMs: number;
}

async function startUntilReady(args: readonly string[], env = emptyHome().env): Promise<Started> {
  const cwd = temporaryDirectory();
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanUp(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const isReady = () => out.includes('"msg":"ready"');
  while (!isReady()) await once(child.stdout, 'data', { signal: AbortSignal.timeout(15_000) });
  return { child, wallMs: performance.now() - startedAt, cpuMs: hasSchedstat ? cpuMsOf(child) : NaN };
}

/** @see proc_pid_schedstat: nanoseconds on a CPU come first */
function cpuMsOf({ pid = 0 }: ChildProcess): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = tasks.map((task) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0;
    }
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

function residentMegabytes({ pid = 0 }: ChildProcess): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

async function stop({ child }: Started): Promise<void> {
  const closed = once(child, 'exit');
  child.kill('SIGKILL');
  await closed;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

test.skipIf(!hasSchedstat)(
  'a start costs little beside that of a bare node, measured in turns (needs /proc)',
  { timeout: 120_000 },
  async () => {
    const bare: Started[] = [];
    const ours: Started[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [list, args] of [
        [bare, ['-e', bareProgram]],
        [ours, serveArguments()],
      ] as const) {
        const started = await startUntilReady(args);
        list.push(started);
        await stop(started);
      }
    }
    const of = (list: readonly Started[], key: 'wallMs' | 'cpuMs') => median(list.map((one) => one[key]));
    const ratio = of(ours, 'cpuMs') / of(bare, 'cpuMs');
    process.stdout.write(
      `until ready: ${of(ours, 'wallMs').toFixed(0)} ms, bare node ${of(bare, 'wallMs').toFixed(0)} ms; ` +
        `processor time ${of(ours, 'cpuMs').toFixed(0)} ms, ${of(bare, 'cpuMs').toFixed(0)} ms: ${ratio.toFixed(1)} times\n`,
    );
    expect(ratio).toBeLessThan(grossRatio);
  },
);

test.skipIf(!hasSchedstat)('idle it takes little memory (needs /proc)', { timeout: 60_000 }, async () => {
  const bare = await startUntilReady(['-e', bareProgram]);
  const ours = await startUntilReady(serveArguments());
  const atFirst = residentMegabytes(ours.child);
  // What the start left is given back after a second.
  await poll(
    () => {
      const now = residentMegabytes(ours.child);
      return now < grossMegabytes && now < atFirst - 1;
    },
    { timeoutMs: 20_000, what: `less than ${grossMegabytes} MB resident, and less than the start left` },
  );
  process.stdout.write(
    `idle: ${residentMegabytes(ours.child).toFixed(1)} MB resident, bare node ${residentMegabytes(bare.child).toFixed(1)} MB\n`,
  );
  await Promise.all([stop(bare), stop(ours)]);
});

test('it leaves no compiled code anywhere, which whoever can write there could put their own in place of', async () => {
  const { home, temporary, env } = emptyHome();
  mkdirSync(path.join(home, '.cache'));
  const started = await startUntilReady(serveArguments(), env);
  const closed = once(started.child, 'exit');
  started.child.kill('SIGTERM');
  expect((await closed)[0]).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
  const found = readdirSync(home, { recursive: true, encoding: 'utf8' });
  // The key of the local CA, and nothing else.
  expect(found.filter((file) => !file.startsWith('.local')).toSorted()).toEqual(['.cache']);
  expect(found.filter((file) => /cache|\.(blob|bin|js)$/.test(path.basename(file)))).toEqual(['.cache']);
});

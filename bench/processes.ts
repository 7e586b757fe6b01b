import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

/** On what the measured proxy runs, and all the rest. */
export type Core = 'proxy' | 'rest';

const canPin = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0;
const lists: Readonly<Record<Core, string>> = {
  proxy: '0',
  rest: cpus().length > 2 ? `1-${cpus().length - 1}` : '1',
};

export const pinning = canPin
  ? `the proxy on CPU 0, client and server on CPU ${lists.rest} (taskset)`
  : 'nothing is pinned: no taskset, or one CPU';

const children = new Set<ChildProcess>();

export interface RunOptions {
  /** Beside what is inherited. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A channel for messages in place of standard output. */
  readonly ipc?: boolean;
}

/** What a developer's machine may tell all programs to trust: it would be read at each start. */
const trustVariables = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'];
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !trustVariables.includes(name)),
);

/** Starts a command on its CPU from its first instruction on, so that its threads are there too. */
export function run(
  command: string,
  args: readonly string[],
  core: Core,
  { ipc = false, env, cwd }: RunOptions = {},
): ChildProcess {
  const [file = '', ...rest] = [...(canPin ? ['taskset', '-c', lists[core]] : []), command, ...args];
  const child = spawn(file, rest, {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', ipc ? 'ignore' : 'pipe', 'inherit', ...(ipc ? ['ipc' as const] : [])],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Starts a program of `bench/programs`, with which messages are exchanged. */
export function runProgram(name: string, args: readonly string[], core: Core): ChildProcess {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  return run(process.execPath, [file, ...args], core, { ipc: true });
}

/** The port that a program of ours sends when it listens. */
export async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ port: number }];
  return message.port;
}

/** Puts this process, which makes load and reads logs, where the client and the server are. */
export function pinOurselves(): void {
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', lists.rest, String(process.pid)]);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // A profile is written only at an orderly end.
  child.kill(process.env['BENCH_CPU_PROFILE'] === undefined ? 'SIGKILL' : 'SIGTERM');
  await once(child, 'exit');
}

/** Ends every child that is left. */
export function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
}

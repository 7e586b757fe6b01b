import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Job, JobResult } from './load.ts';

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;
const canPin = spawnSync('taskset', ['--version']).status === 0;

/** On what the measured proxy runs, and all the rest. */
export type Core = 'proxy' | 'rest';

export const pinning = canPin
  ? 'the proxy on CPU 0, client and server on CPU 1 (taskset)'
  : 'none: no taskset';

/** Ends with the benchmark, however that ends. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export function runModule(file: string, args: readonly string[], core: Core): ChildProcess {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  return keep(child, core);
}

export function runProgram(command: string, args: readonly string[], core: Core): ChildProcess {
  return keep(spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }), core);
}

function keep(child: ChildProcess, core: Core): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', core === 'proxy' ? '0' : '1', String(child.pid)]);
  return child;
}

/** The port that a module of ours sends when it listens. */
export async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ port: number }];
  return message.port;
}

export async function ask(load: ChildProcess, job: Job): Promise<JobResult> {
  load.send(job);
  const [result] = (await once(load, 'message')) as [JobResult];
  if (result.error !== undefined) throw new Error(`${JSON.stringify(job)}: ${result.error}`);
  return result;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // A profile is written only at an orderly end.
  child.kill(process.env['BENCH_CPU_PROFILE'] === undefined ? 'SIGKILL' : 'SIGTERM');
  await once(child, 'exit');
}

/** CPU time that a process has used, all its threads, user and system; microseconds. */
export function cpuUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

export function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

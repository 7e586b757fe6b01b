import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { poll } from '../harness/poll.ts';
import { logCollector, type LogLine } from '../harness/sidecar.ts';
import type { Image } from './build-image.ts';

export interface ContainerOptions {
  /** In place of CMD. */
  readonly args?: readonly string[];
  /** In place of ENTRYPOINT. */
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A directory of this machine for each path; `tmpfs` for one that is empty. */
  readonly mounts?: Readonly<Record<string, string>>;
}

export interface Container {
  readonly logs: readonly LogLine[];
  readonly exited: Promise<number | null>;
  /** All of stderr until now. */
  readonly stderr: () => string;
  /** Waits for the line of the log that carries the addresses. */
  readonly ready: () => Promise<{ readonly proxy: string; readonly admin: string }>;
  /** Sends a signal to process 1. */
  readonly signal: (name: 'TERM' | 'USR1' | 'KILL') => Promise<unknown>;
  /** Runs another process inside, as a health check does. */
  readonly exec: (command: readonly string[]) => Promise<{ code: number; stdout: string; stderr: string }>;
}

/**
 * Runs the image as Kubernetes does with `runAsNonRoot`, `readOnlyRootFilesystem`, `allowPrivilegeEscalation: false`
 * and `capabilities.drop: [ALL]`, but in the network of the test: with runc, in namespaces of its own.
 */
export function startContainer(image: Image, options: ContainerOptions = {}): Container {
  const bundle = mkdtempSync(path.join(tmpdir(), 'mcp-tls-sidecar-container-'));
  writeFileSync(path.join(bundle, 'config.json'), JSON.stringify(runtimeSpec(image, options)));
  const id = `mcp-tls-sidecar-test-${randomBytes(4).toString('hex')}`;
  const child = spawn('runc', ['run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    if (child.exitCode === null) await run('runc', ['kill', id, 'KILL']);
    await exited;
    await run('runc', ['delete', '--force', id]);
    rmSync(bundle, { recursive: true, force: true });
  });
  const { logs, stderr } = collect(child);
  return {
    logs,
    stderr,
    exited,
    ready: () =>
      poll(() => logs.find(({ msg }) => msg === 'ready') as { proxy: string; admin: string } | undefined, {
        timeoutMs: 20_000,
        what: `ready (${stderr()})`,
      }),
    signal: (name) => run('runc', ['kill', id, name]),
    exec: (command) => run('runc', ['exec', id, ...command]),
  };
}

function collect(child: ChildProcess): { logs: readonly LogLine[]; stderr: () => string } {
  const { logs, write } = logCollector();
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', write);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return { logs, stderr: () => stderr };
}

/** @see https://github.com/opencontainers/runtime-spec/blob/main/config.md */
function runtimeSpec(
  { config, rootfs }: Image,
  { args, entrypoint, env = {}, mounts = {} }: ContainerOptions,
) {
  const [uid, gid] = config.User.split(':').map(Number);
  const none: string[] = [];
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [...(entrypoint ?? config.Entrypoint), ...(args ?? config.Cmd)],
      env: [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir,
      capabilities: { bounding: none, effective: none, inheritable: none, permitted: none, ambient: none },
      noNewPrivileges: true,
    },
    root: { path: rootfs, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...Object.entries(mounts).map(([destination, source]) =>
        source === 'tmpfs'
          ? { destination, type: 'tmpfs', source, options: ['nosuid', 'nodev', 'uid=65532', 'gid=65532'] }
          : { destination, type: 'bind', source, options: ['rbind', 'nosuid', 'nodev'] },
      ),
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  };
}

function run(
  file: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caDirectoryIn } from './published-ca.ts';
import { endNow, spawnCommand, type CommandOptions } from './run-command.ts';
import { logCollector, sidecarAt, type LogLine, type Sidecar } from './sidecar.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface SidecarProcessOptions extends CommandOptions {
  /** The text of the YAML file. */
  readonly config?: string;
  /** The path of a YAML file, in place of `config`. */
  readonly configFile?: string;
  /** Further arguments. */
  readonly args?: readonly string[];
}

export interface SidecarProcess extends Sidecar {
  readonly pid: number;
  readonly configFile: string;
  /** All of stderr until now. */
  readonly stderr: string;
  /** Replaces the configuration by a rename, so that nobody reads half of it. */
  readonly writeConfig: (text: string) => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** SIGTERM, and the exit code; null if it had to be killed. */
  readonly stop: () => Promise<number | null>;
  readonly kill: () => Promise<void>;
  /** Its exit code once it has ended and all that it wrote has come; null where a signal ended it. */
  readonly exited: Promise<number | null>;
}

const startTimeoutMs = 15_000;
/** Longer than the default of `timeouts.drain`. */
const stopTimeoutMs = 35_000;

/**
 * Runs `serve` as a child process on ephemeral ports and waits until it says that it is ready. Names are resolved by
 * the system there: upstreams are `localhost` or 127.0.0.1, or go by `tls.server_name`.
 */
export async function startSidecar(options: SidecarProcessOptions): Promise<SidecarProcess> {
  const configFile = options.configFile ?? join(temporaryDirectory(), 'config.yaml');
  if (options.config !== undefined) writeFileSync(configFile, options.config);
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const cwd = options.cwd ?? temporaryDirectory();
  const args = ['serve', '--config', configFile, ...ports, ...(options.args ?? [])];
  const child = spawnCommand(args, { ...options, cwd });
  const exited = new Promise<number | null>((resolve) => void child.once('close', resolve));
  const { logs, write } = logCollector();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout?.setEncoding('utf8').on('data', write);
  const { proxy, admin } = await untilReady(child, logs, () => stderr);
  const own = {
    pid: child.pid ?? 0,
    configFile,
    get stderr() {
      return stderr;
    },
    writeConfig: (text: string) => {
      writeFileSync(`${configFile}.new`, text);
      renameSync(`${configFile}.new`, configFile);
    },
    signal: (signal: NodeJS.Signals) => void child.kill(signal),
    stop: () => stop(child),
    kill: () => endNow(child),
    exited,
  };
  // Onto `own`, for a getter that is copied is a value.
  return Object.assign(own, sidecarAt({ proxy, admin }, caDirectoryIn(cwd), logs));
}

/** The line that carries the real ports. */
interface Ready {
  readonly proxy: string;
  readonly admin: string;
}

function untilReady(child: ChildProcess, logs: readonly LogLine[], stderr: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      const log = logs.map((line) => JSON.stringify(line)).join('\n');
      reject(new Error(`the sidecar ${what}\n${log}\n${stderr()}`));
    };
    const timer = setTimeout(() => fail(`was not ready after ${startTimeoutMs} ms`), startTimeoutMs);
    child.stdout?.on('data', () => {
      const ready = logs.find(({ msg }) => msg === 'ready');
      if (ready === undefined) return;
      clearTimeout(timer);
      resolve(ready as unknown as Ready);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code ?? 'a signal'} before it was ready`);
    });
  });
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(timer);
  return child.exitCode;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp } from './clean-up.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface CommandOptions {
  /** Over an environment that has nothing but PATH and a HOME of its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working directory, where `ca.directory` is by default; left out, a temporary one. */
  readonly cwd?: string;
  /** What runs the command in its place: `ip netns exec NAME`, say. */
  readonly prefix?: readonly string[];
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The sources compiled once for all of these processes: half of what a short one takes. */
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/test-commands', import.meta.url));

/** Starts the command as a child process. It is killed after the test if it still runs. */
export function spawnCommand(args: readonly string[], options: CommandOptions = {}): ChildProcess {
  const home = temporaryDirectory();
  // Proxy and CA variables of the machine must not decide whether a test passes.
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    NODE_COMPILE_CACHE: compileCache,
    ...options.env,
  };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const [file = '', ...rest] = [...(options.prefix ?? []), process.execPath, main, ...args];
  const child = spawn(file, rest, {
    cwd: options.cwd ?? home,
    env,
    stdio: [...stdio],
  });
  cleanUp(() => endNow(child));
  return child;
}

/** Runs `check`, `doctor` and the like to their end. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawnCommand(args, options);
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Kills a child process and waits until it is gone. */
export async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

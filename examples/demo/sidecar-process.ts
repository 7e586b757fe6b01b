import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One line of the sidecar's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The sidecar's `src/main.ts`. */
export const mainFile = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const startTimeoutMs = 15_000;
/** More than a drain takes when nothing is open. */
const stopTimeoutMs = 4_000;

/** `serve` as a child process, which is how everybody runs it. */
export class SidecarProcess {
  readonly #child: ChildProcess;
  readonly #logs: LogLine[] = [];
  readonly #listeners = new Set<(line: LogLine) => void>();
  #stderr = '';
  /** The exit code, once it has ended; null after a signal that killed it. */
  readonly exited: Promise<number | null>;

  /** @param args what follows `serve` */
  constructor(configFile: string, args: readonly string[]) {
    const cwd = dirname(configFile);
    this.#child = spawn(process.execPath, [mainFile, 'serve', '--config', configFile, ...args], {
      cwd,
      // What it keeps between runs is not to outlive the demo.
      env: { ...process.env, STATE_DIRECTORY: undefined, XDG_STATE_HOME: `${cwd}/state` },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C of the terminal is for the demo, which ends things in order.
      detached: true,
    });
    this.exited = once(this.#child, 'close').then(([code]) => code as number | null);
    process.once('exit', () => this.#child.kill('SIGKILL'));
    const { stdout, stderr } = this.#child;
    if (stdout !== null) createInterface(stdout).on('line', (line) => this.#take(line));
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lines until now: where {@link untilLogged} is to begin. */
  get logged(): number {
    return this.#logs.length;
  }

  /** Calls back for every line from now on. */
  onLog(listener: (line: LogLine) => void): void {
    this.#listeners.add(listener);
  }

  /** @returns the line that carries the real ports, or what it wrote to stderr if it ended before that */
  async untilReady(): Promise<LogLine | string> {
    const ended = this.exited.then((code) => this.#stderr.trim() || `it ended with ${code ?? 'a signal'}`);
    return Promise.race([this.untilLogged({ msg: 'ready' }, 0, startTimeoutMs), ended]);
  }

  /** Waits for a line with these fields, at or after an index. */
  untilLogged(fields: LogLine, from: number, timeoutMs: number): Promise<LogLine> {
    const isIt = (line: LogLine) => Object.entries(fields).every(([name, value]) => line[name] === value);
    const there = this.#logs.slice(from).find(isIt);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const listener = (line: LogLine) => {
        if (isIt(line)) finish(() => resolve(line));
      };
      const words = `the sidecar logged no ${JSON.stringify(fields)} within ${timeoutMs} ms`;
      const timer = setTimeout(() => finish(() => reject(new Error(words))), timeoutMs);
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
        settle();
      };
      this.#listeners.add(listener);
    });
  }

  /** Ends it as a supervisor would: SIGTERM, a second one if it still serves somebody, SIGKILL. @returns its exit code */
  async stop(): Promise<number | null> {
    const timers = (['SIGTERM', 'SIGTERM', 'SIGKILL'] as const).map((signal, index) =>
      setTimeout(() => this.#child.kill(signal), index * stopTimeoutMs),
    );
    const code = await this.exited;
    timers.forEach((timer) => clearTimeout(timer));
    return code;
  }

  #take(text: string): void {
    let line: LogLine;
    try {
      line = JSON.parse(text) as LogLine;
    } catch {
      line = { msg: text };
    }
    this.#logs.push(line);
    for (const listener of this.#listeners) listener(line);
  }
}

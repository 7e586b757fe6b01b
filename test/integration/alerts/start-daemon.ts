import { spawn } from 'node:child_process';
import { cleanUp } from '../../harness/clean-up.ts';
import { poll } from '../../harness/poll.ts';
import { endNow } from '../../harness/run-command.ts';

/**
 * Starts Prometheus or Alertmanager on an ephemeral port of loopback, and waits until it is ready. It is killed after
 * the test.
 *
 * @returns its URL
 */
export async function startDaemon(file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, ['--web.listen-address=127.0.0.1:0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  cleanUp(() => endNow(child));
  let log = '';
  child.on('error', (error) => (log += error.message));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  try {
    return await poll(() => readyUrl(log), { what: file, timeoutMs: 30_000, everyMs: 50 });
  } catch (error) {
    throw new Error(`${file} did not become ready:\n${log}`, { cause: error });
  }
}

async function readyUrl(log: string): Promise<string | undefined> {
  const [, address] = /msg="Listening on" address=(\S+)/.exec(log) ?? [];
  if (address === undefined) return undefined;
  const url = `http://${address}`;
  const { ok } = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) });
  return ok ? url : undefined;
}

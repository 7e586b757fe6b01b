import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { spawnCommand } from '../harness/run-command.ts';

/** Whether a process has its own handlers. SIGHUP is the last of them, and the one that Node itself never has. */
function hasHandlers(pid: number): boolean {
  const [, caught = ''] = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

test.skipIf(process.platform !== 'linux').each(['SIGTERM', 'SIGINT'] as const)(
  '%s before it is ready ends it at once, with exit code 0 (needs /proc)',
  async (name) => {
    const child = spawnCommand(['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']);
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const closed = once(child, 'close');
    await poll(() => hasHandlers(child.pid ?? 0), { what: 'its handlers', everyMs: 1, timeoutMs: 15_000 });
    child.kill(name);
    expect(await closed).toEqual([0, null]);
    expect(stdout).not.toContain('"msg":"ready"');
  },
);

import { existsSync } from 'node:fs';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { poll } from '../harness/poll.ts';
import { toolMissing } from '../harness/require-tool.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

afterEach(() => vi.unstubAllEnvs());

it('finds tools on the PATH', () => {
  vi.stubEnv('MCP_TLS_SIDECAR_TEST_NO_SKIPS', undefined);
  expect(toolMissing('sh')).toBe(false);
  expect(toolMissing('no-such-tool')).toBe(true);
});

it('fails for a missing tool where nothing may be skipped', () => {
  vi.stubEnv('MCP_TLS_SIDECAR_TEST_NO_SKIPS', '1');
  expect(toolMissing('sh')).toBe(false);
  expect(() => toolMissing('no-such-tool')).toThrow('no-such-tool is not installed');
});

it('removes temporary directories after the test', () => {
  let directory = '';
  // Registered first, so it runs last.
  onTestFinished(() => expect(existsSync(directory)).toBe(false));
  directory = temporaryDirectory();
  expect(existsSync(directory)).toBe(true);
});

it('polls until something is there, and says what did not come', async () => {
  let calls = 0;
  expect(await poll(() => (++calls === 3 ? 'here' : undefined), { everyMs: 1 })).toBe('here');
  const failing = poll(() => Promise.reject(new Error('why')), { timeoutMs: 20, what: 'the answer' });
  await expect(failing).rejects.toMatchObject({
    message: 'the answer did not come about within 20 ms',
    cause: { message: 'why' },
  });
});

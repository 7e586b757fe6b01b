import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatheredLines, type LineStream } from '../../../src/telemetry/gathered-lines.ts';

const source = path.resolve(import.meta.dirname, '../../../src/telemetry');

describe('lines that come fast', () => {
  const writes: string[] = [];
  let gathered: GatheredLines<LineStream>;

  beforeEach(() => {
    vi.useFakeTimers();
    writes.length = 0;
    const flushSync = () => undefined;
    gathered = new GatheredLines({ write: (lines) => void writes.push(lines), flushSync }, 1);
  });
  afterEach(() => {
    gathered.release();
    vi.useRealTimers();
  });

  it('are handed on together every 10 ms, the first at once', () => {
    gathered.write('one\n');
    expect(writes).toEqual(['one\n']);
    vi.advanceTimersByTime(6);
    gathered.write('two\n');
    vi.advanceTimersByTime(3);
    gathered.write('three\n');
    expect(writes).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(writes).toEqual(['one\n', 'two\nthree\n']);
    gathered.write('four\n');
    expect(writes).toHaveLength(2);
    vi.advanceTimersByTime(20);
    expect(writes).toEqual(['one\n', 'two\nthree\n', 'four\n']);
    gathered.write('five\n');
    expect(writes).toHaveLength(4);
  });

  it('wait no longer once there is much of them', () => {
    const line = `${'x'.repeat(1_000)}\n`;
    for (let index = 0; index < 18; index++) gathered.write(line);
    expect(writes).toEqual([line, line.repeat(17)]);
    vi.advanceTimersByTime(100);
    expect(writes).toHaveLength(2);
  });

  it('are all handed on at the end, and what comes after it is ignored', () => {
    gathered.write('first\n');
    gathered.write('last\n');
    gathered.release();
    gathered.write('later\n');
    vi.advanceTimersByTime(100);
    expect(writes).toEqual(['first\n', 'last\n']);
  });
});

// At once, where the line before is being written still, and a little later, where nothing is.
const endings = ['process.exit(3)', 'throw new Error("a bug")', ''].flatMap((ending) =>
  [0, 4].map((waitMs) => ({ ending, waitMs })),
);
it.each(endings)(
  'the last line is out where the process ends at once ($ending, $waitMs ms after the one before)',
  ({ ending, waitMs }) => {
    const program = `import { createLogger } from '${source}/logger.ts'; const log = createLogger('info'); log.info('first'); await new Promise((resolve) => setTimeout(resolve, ${waitMs})); log.info('last words'); ${ending}`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stdout).toContain('"msg":"last words"');
  },
);

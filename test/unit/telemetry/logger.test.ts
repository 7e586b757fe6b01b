import { describe, expect, it } from 'vitest';
import { GatheredLines } from '../../../src/telemetry/gathered-lines.ts';
import { createLogger, logRequest } from '../../../src/telemetry/logger.ts';

/** What a logger writes to stdout, or to a stream of somebody else's. */
function linesOf(
  level: string,
  to: 'stdout' | 'a stream',
  log: (logger: ReturnType<typeof createLogger>) => void,
) {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line), flushSync: () => undefined };
  const gathered = new GatheredLines(stream, 1);
  log(createLogger(level, to === 'stdout' ? gathered : stream));
  gathered.release();
  return lines.join('').replaceAll(/"time":"[^"]*"/g, '"time":"now"');
}

describe('the line of a request', () => {
  const id = '995bd9b5-6943-44c0-b3b3-29c4ebf2f779';
  const fields = {
    method: 'M"\\\n\u2028\u00e9\ud800',
    status: 200,
    code: 'aborted',
    none: undefined,
    duration_ms: 0.3,
    never: Infinity,
    nothing: NaN,
    empty: '',
    reused: false,
  };

  it.each(['stdout', 'a stream'] as const)('to %s is the one that pino writes', (to) => {
    const byPino = linesOf('info', to, (logger) => logger.info({ request_id: id, ...fields }, 'request'));
    expect(linesOf('info', to, (logger) => logRequest(logger, id, fields))).toBe(byPino);
    expect(JSON.parse(byPino)).toMatchObject({ level: 'info', time: 'now', status: 200, msg: 'request' });
  });

  it.each(['stdout', 'a stream'] as const)('to %s is none where the level is higher', (to) => {
    expect(linesOf('warn', to, (logger) => logRequest(logger, id, fields))).toBe('');
  });
});

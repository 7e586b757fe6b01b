import { destination, pino, symbols, type DestinationStream, type Logger } from 'pino';
import { GatheredLines } from './gathered-lines.ts';

export type { Logger } from 'pino';

/** Lines that wait because nobody reads stdout: beyond this the oldest writes are dropped, the process stays. */
const maxBufferedBytes = 8 * 1024 * 1024;

/**
 * JSON lines with `level` as a word and `time` as RFC 3339.
 *
 * @param stream for tests; else stdout, written without blocking the event loop
 */
export function createLogger(level: string, stream?: DestinationStream): Logger {
  const target = stream ?? new GatheredLines(createStdout(), stdoutFd);
  return pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: (label) => ({ level: label }) },
      // Nothing is logged that could hold one of these; should it happen all the same, it does not get out.
      redact: { paths: [...secretFields, '*.authorization', '*.headers'], remove: true },
    },
    target,
  );
}

/** `,"time":"…"` of this millisecond: many lines share one, and to write a date takes longer than the rest of a field. */
let timestampMs = 0;
let timestampText = '';
function timestamp(): string {
  const nowMs = Date.now();
  if (nowMs !== timestampMs) timestampText = `,"time":"${new Date(nowMs).toISOString()}"`;
  timestampMs = nowMs;
  return timestampText;
}

const secretFields = ['authorization', 'headers', 'cookie'];

/**
 * The same log for lines with nothing below their fields but `error`: to look below each costs a third of such a line.
 * Its level is its own.
 */
export function forFlatLines(logger: Logger): Logger {
  const paths = [...secretFields, 'error.authorization', 'error.headers'];
  return logger.child({}, { redact: { paths, remove: true } });
}

/**
 * Writes the line of a request as `logger.info()` writes it, serialised as a whole: pino does so with each name and each
 * value, which takes twice as long. To a stream that is not ours it goes by pino, which may tell it more than the line.
 *
 * @param requestId a UUID. Apart from the others, for `randomUUID()` makes a string of pieces, and an object with such a one
 *   takes three times as long to serialise
 * @param fields one at least, and no secret: nothing is redacted
 */
export function logRequest(logger: Logger, requestId: string, fields: object): void {
  const stream = streamOf(logger);
  if (!(stream instanceof GatheredLines)) logger.info({ request_id: requestId, ...fields }, 'request');
  else if (logger.isLevelEnabled('info')) {
    const members = JSON.stringify(fields).slice(1, -1);
    const begin = '{"level":"info"' + timestamp() + ',"request_id":"' + requestId + '",';
    stream.write(begin + members + ',"msg":"request"}\n');
  }
}

/** Where a logger of {@link createLogger} writes. */
function streamOf(logger: Logger): DestinationStream | GatheredLines<Stdout> | undefined {
  return (logger as unknown as Record<symbol, DestinationStream | GatheredLines<Stdout>>)[symbols.streamSym];
}

function createStdout(): Stdout {
  const stdout = destination({ fd: stdoutFd, sync: false, maxLength: maxBufferedBytes });
  // A full disk costs lines, not the process; and to log it would only fail again.
  stdout.on('error', () => undefined);
  return stdout;
}

const stdoutFd = 1;

type Stdout = ReturnType<typeof destination>;

/** How long the reader of stdout has for the last lines. */
const lastLinesMs = 1_000;

/**
 * Ends the log, and waits until its last line is out. What pino does at the exit itself loses the rest of a write
 * that another thread is in the midst of.
 */
export async function endLog(logger: Logger): Promise<void> {
  const held = streamOf(logger);
  const stdout = held instanceof GatheredLines ? held.release() : undefined;
  if (stdout === undefined) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, lastLinesMs);
    stdout.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    stdout.end();
  });
}

/** An error for the log: its code and message, never its properties, which may hold bytes from upstream. */
export function loggableError(error: unknown): { code?: string; message: string } | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof Error)) return { message: typeof error === 'string' ? error : 'unknown error' };
  const { code } = error as NodeJS.ErrnoException;
  // Node's advice on its own options is none for us.
  const message = error.message
    .replace(/; if the root CA is installed locally.*/s, '')
    .replace(/[\p{Cc}\p{Cf}]/gu, ' ')
    .slice(0, 500);
  return code === undefined ? { message } : { code, message };
}

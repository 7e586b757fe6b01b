import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** How long after a write the next lines are gathered, in milliseconds: to write many costs little more than to write one. */
const gatherMs = 10;
/** More than this is not held back. */
const maxGathered = 16_384;

/** Writes to a file without waiting for it; pino's destination is one. */
export interface LineStream extends DestinationStream {
  /** Writes what it has not begun to write. */
  flushSync(): void;
}

/** Hands a line on at once, and those that follow fast together. What waits when the process exits, is written then. */
export class GatheredLines<Stream extends LineStream> implements DestinationStream {
  readonly #stream: Stream;
  readonly #fd: number;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;
  #isReleased = false;

  /** @param fd what it writes to */
  constructor(stream: Stream, fd: number) {
    this.#stream = stream;
    this.#fd = fd;
    process.on('exit', this.#writeLast);
  }

  write(line: string): void {
    if (this.#isReleased) return;
    this.#lines += line;
    if (this.#timer === undefined || this.#lines.length > maxGathered) this.#send();
  }

  /**
   * Hands on what waits, and ignores what comes from now on.
   *
   * @returns the stream beneath, to be ended; undefined where it was released before
   */
  release(): Stream | undefined {
    if (this.#isReleased) return undefined;
    this.#isReleased = true;
    this.#send();
    process.off('exit', this.#writeLast);
    return this.#stream;
  }

  readonly #send = (): void => {
    const lines = this.#take();
    if (lines === '') return;
    this.#stream.write(lines);
    if (!this.#isReleased) this.#timer = setTimeout(this.#send, gatherMs).unref();
  };

  /** Not by the stream: what it begins to write now may never be written. */
  readonly #writeLast = (): void => {
    const lines = this.#take();
    if (lines === '') return;
    try {
      this.#stream.flushSync();
      writeSync(this.#fd, lines);
    } catch {
      // Nobody reads any more, or not fast enough.
    }
  };

  #take(): string {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    this.#lines = '';
    return lines;
  }
}

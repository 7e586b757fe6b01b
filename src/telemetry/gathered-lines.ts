import type { DestinationStream } from 'pino';

/** How long after a write the next lines are gathered, in milliseconds: to write many costs little more than to write one. */
const gatherMs = 10;
/** More than this is not held back. */
const maxGathered = 16_384;

/** Hands a line on at once, and those that follow fast together. What waits when the process exits, is handed on then. */
export class GatheredLines<Stream extends DestinationStream> implements DestinationStream {
  readonly #stream: Stream;
  #lines = '';
  #timer: NodeJS.Timeout | undefined;
  #isReleased = false;
  readonly #send = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    if (lines === '') return;
    this.#lines = '';
    this.#stream.write(lines);
    if (!this.#isReleased) this.#timer = setTimeout(this.#send, gatherMs).unref();
  };

  constructor(stream: Stream) {
    this.#stream = stream;
    // Before the stream's own listener, which writes the last of what it has.
    process.prependListener('exit', this.#send);
  }

  write(line: string): void {
    if (this.#isReleased) return;
    this.#lines += line;
    if (this.#timer === undefined || this.#lines.length > maxGathered) this.#send();
  }

  /** Hands on what waits, and ignores what comes from now on. @returns the stream beneath, to be ended */
  release(): Stream {
    this.#isReleased = true;
    this.#send();
    process.off('exit', this.#send);
    return this.#stream;
  }
}

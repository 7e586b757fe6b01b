import type { Duplex } from 'node:stream';

/** Requests that may wait on one connection for the response before theirs. */
const maxWaiting = 64;

/** @returns whether the connection goes on after it; rejects for bugs alone */
type Job = () => Promise<boolean>;

/**
 * Pipelined requests of a connection one after the other: node:http hands them out all at once, but the second may
 * rest on what the first did.
 */
export class InOrder {
  readonly #socket: Duplex;
  readonly #onBug: (error: unknown) => void;
  readonly #waiting: Job[] = [];
  #isBusy = false;
  /** The connection closes after what it has had. */
  #isEnding = false;

  /** @param onBug told of a job that rejected: it costs its connection, whose client must not wait for ever */
  constructor(socket: Duplex, onBug: (error: unknown) => void) {
    this.#socket = socket;
    this.#onBug = onBug;
  }

  /** Runs a job now, or after those that the connection is busy with. */
  run(job: Job): void {
    if (this.#isEnding) return;
    if (!this.#isBusy) void this.#drain(job);
    else if (this.#waiting.push(job) > maxWaiting) this.#socket.destroy();
  }

  async #drain(first: Job): Promise<void> {
    this.#isBusy = true;
    for (let job: Job | undefined = first; job !== undefined; job = this.#waiting.shift()) {
      let goesOn = false;
      try {
        goesOn = await job();
      } catch (error) {
        this.#onBug(error);
        this.#socket.destroy();
      }
      // What came in one packet behind the response before is seen first: it would answer a request written now.
      if (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      if (goesOn && !this.#socket.destroyed) continue;
      this.#isEnding = true;
      this.#waiting.length = 0;
    }
    this.#isBusy = false;
  }
}

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
  readonly #waiting = new WeakMap<Duplex, Job[]>();
  /** Connections that close after what they have had. */
  readonly #ending = new WeakSet<Duplex>();
  readonly #onBug: (error: unknown) => void;

  /** @param onBug told of a job that rejected: it costs its connection, whose client must not wait for ever */
  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug;
  }

  /** Runs a job now, or after those that the connection is busy with. */
  run(socket: Duplex, job: Job): void {
    if (this.#ending.has(socket)) return;
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) void this.#drain(socket, job);
    else if (waiting.push(job) > maxWaiting) socket.destroy();
  }

  async #drain(socket: Duplex, first: Job): Promise<void> {
    const waiting: Job[] = [];
    this.#waiting.set(socket, waiting);
    for (let job: Job | undefined = first; job !== undefined; job = waiting.shift()) {
      const goesOn = await this.#do(job, socket);
      // What came in one packet behind the response before is seen first: it would answer a request written now.
      if (waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
      if (goesOn && !socket.destroyed) continue;
      this.#ending.add(socket);
      break;
    }
    this.#waiting.delete(socket);
  }

  async #do(job: Job, socket: Duplex): Promise<boolean> {
    try {
      return await job();
    } catch (error) {
      this.#onBug(error);
      socket.destroy();
      return false;
    }
  }
}

import type { Duplex } from 'node:stream';

/** Requests that may wait on one connection for the response before theirs. */
const maxWaiting = 64;

/**
 * Pipelined requests of a connection one after the other: node:http hands them out all at once, but the second may
 * rest on what the first did.
 */
export class InOrder {
  readonly #waiting = new WeakMap<Duplex, (() => Promise<void>)[]>();

  /** Runs a job now, or after those that the connection is busy with. @param job never rejects */
  run(socket: Duplex, job: () => Promise<void>): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) void this.#drain(socket, job);
    else if (waiting.push(job) > maxWaiting) socket.destroy();
  }

  isBusy(socket: Duplex): boolean {
    return this.#waiting.has(socket);
  }

  async #drain(socket: Duplex, first: () => Promise<void>): Promise<void> {
    const waiting: (() => Promise<void>)[] = [];
    this.#waiting.set(socket, waiting);
    for (let job: (() => Promise<void>) | undefined = first; job !== undefined; job = waiting.shift()) {
      await job();
      if (socket.destroyed) waiting.length = 0;
    }
    this.#waiting.delete(socket);
  }
}

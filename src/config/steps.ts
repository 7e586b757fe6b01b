import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that may be left and taken up again after each of its parts, so that requests are served in between. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** A request needs the event loop several times: each time it may find one of these before it. */
const sliceMs = 2;

/** Does the work at once. */
export function inOneGo<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Does the work a few milliseconds at a time; what takes no longer is done in one. */
export async function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  const slices = new Slices();
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (slices.isOver) await slices.rest();
  }
}

/** The same for work that waits for files besides. */
export class Slices {
  #untilMs = performance.now() + sliceMs;

  get isOver(): boolean {
    return performance.now() >= this.#untilMs;
  }

  /** Lets everybody else have their turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#untilMs = performance.now() + sliceMs;
  }
}

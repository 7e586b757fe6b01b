/**
 * A moment that stays passed once it has: a clock that is set back does not open it again. Looked at, never waited
 * for: a timer of weeks would not survive a suspended machine, and beyond 24.8 days fires at once.
 */
export class Deadline {
  readonly atMs: number;
  readonly #now: () => number;
  #passed = false;

  /** @param atMs Unix milliseconds */
  constructor(atMs: number, now: () => number = Date.now) {
    this.atMs = atMs;
    this.#now = now;
  }

  get hasPassed(): boolean {
    this.#passed ||= this.#now() >= this.atMs;
    return this.#passed;
  }
}

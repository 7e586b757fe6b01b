import { NOTICE_MS } from '../config/check-trust.ts';
import type { CompiledEntry } from '../policy/table.ts';
import type { SnapshotStore } from '../snapshot/snapshot.ts';

/** Looked at this often: a timer for the date itself would not survive a suspended machine or a clock that is set. */
const tickMs = 1_000;

/** What is to happen when an exception from verification ends, or soon will. */
export interface DeadlineListener {
  /** In one step for all that end: nothing of the old policy may go on being used. */
  onPassed(entries: readonly CompiledEntry[]): void;
  /** Once, a week ahead or as soon as it is known. */
  onNear(entry: CompiledEntry): void;
}

/** Watches every `insecure_until`. */
export class DeadlineWatch {
  readonly #store: SnapshotStore;
  readonly #listener: DeadlineListener;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  /** What was told, by entry and date. */
  readonly #told = new Set<string>();

  /** @param now Unix milliseconds */
  constructor(store: SnapshotStore, listener: DeadlineListener, now: () => number = Date.now) {
    this.#store = store;
    this.#listener = listener;
    this.#now = now;
    this.#timer = setInterval(() => this.look(), tickMs).unref();
  }

  /** Takes what is near or passed now for told: a load of the configuration has said it. */
  acknowledge(): void {
    for (const entry of this.#store.current().table.entries) {
      const from = entry.successor?.from;
      if (from === undefined) continue;
      if (from.hasPassed) this.#isNew('passed', entry);
      else if (from.atMs - this.#now() <= NOTICE_MS) this.#isNew('near', entry);
    }
  }

  look(): void {
    const entries = this.#store.current().table.entries.filter(({ successor }) => successor !== undefined);
    const passed = entries.filter(
      (entry) => entry.successor?.from.hasPassed === true && this.#isNew('passed', entry),
    );
    if (passed.length > 0) this.#listener.onPassed(passed);
    for (const entry of entries) {
      const from = entry.successor?.from;
      if (from === undefined || from.hasPassed || from.atMs - this.#now() > NOTICE_MS) continue;
      if (this.#isNew('near', entry)) this.#listener.onNear(entry);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #isNew(what: string, { entry, successor }: CompiledEntry): boolean {
    const key = `${what} ${entry.kind} ${entry.name} ${successor?.from.atMs ?? 0}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    return true;
  }
}

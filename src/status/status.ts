import type { Problem } from '../config/problem.ts';
import { unlisted } from '../policy/decide.ts';
import type { Snapshot, SnapshotStore } from '../snapshot/snapshot.ts';
import { describeStatus, type LastLoad, type StatusSource } from './describe-status.ts';
import { Sightings } from './sightings.ts';
import type { StatusDocument } from './status-document.ts';

/** What the status is told from beside what is seen here. */
export interface StatusContext {
  readonly store: SnapshotStore;
  readonly version: string;
  readonly live: () => Pick<StatusSource, 'isReady' | 'localCa' | 'openStreams' | 'openConnections'>;
}

/** Keeps what is seen of servers and of loads of the configuration, and tells it. */
export class Status {
  readonly sightings = new Sightings();
  readonly #context: StatusContext;
  readonly #startedMs = Date.now();
  #load: LastLoad = {
    atMs: this.#startedMs,
    failed: false,
    refused: false,
    problems: [],
    lastSuccessMs: undefined,
    problemsInForce: [],
  };
  #loaded: Snapshot | undefined;

  constructor(context: StatusContext) {
    this.#context = context;
  }

  /** After a load of the configuration, the first one included. */
  loaded(failed: boolean, problems: readonly Problem[]): void {
    const atMs = Date.now();
    const before = this.#load;
    const snapshot = this.#context.store.current();
    const refused = snapshot === this.#loaded;
    this.#load = {
      atMs,
      failed,
      refused,
      problems,
      lastSuccessMs: failed ? before.lastSuccessMs : atMs,
      problemsInForce: refused ? before.problemsInForce : problems,
    };
    this.#loaded = snapshot;
    this.follow();
  }

  /** After any step of policy. */
  follow(): void {
    this.sightings.follow(this.#context.store.current(), [unlisted]);
  }

  describe(): StatusDocument {
    const { store, version, live } = this.#context;
    return describeStatus({
      ...live(),
      version,
      startedMs: this.#startedMs,
      nowMs: Date.now(),
      snapshot: store.current(),
      load: this.#load,
      sightings: this.sightings,
    });
  }
}

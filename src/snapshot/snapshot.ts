import type { CaInput } from '../ca/local-ca.ts';
import type { Config } from '../config/config.ts';
import type { Problem } from '../config/problem.ts';
import type { Rules } from '../policy/decide.ts';
import type { Table } from '../policy/table.ts';
import type { ParsedFiles } from '../trust/load-bundle.ts';

/** One immutable, running configuration: everything that a request needs to be decided and dialled. */
export interface Snapshot {
  readonly config: Config;
  readonly table: Table;
  /** All that a request is decided by. */
  readonly rules: Rules;
  /** What the local CA is kept by. */
  readonly ca: CaInput;
  /** Errors that spoil single entries, and warnings. */
  readonly problems: readonly Problem[];
  /** Default trust in words and its number of anchors; undefined where it is unusable. */
  readonly defaultTrust: { readonly source: string; readonly certificates: number } | undefined;
  /** Every file and directory that it was built from, with a digest: what the watcher compares. */
  readonly files: ReadonlyMap<string, string>;
  /** The certificates of those files, so that a reload parses only what changed. */
  readonly parsed: ParsedFiles;
}

/** The only mutable cell of policy. */
export class SnapshotStore {
  #current: Snapshot;
  /** How often another has come into force: what remembers one by it keeps nothing of it. */
  generation = 0;

  constructor(first: Snapshot) {
    this.#current = first;
  }

  current(): Snapshot {
    return this.#current;
  }

  /** Puts a snapshot in force, in one step. */
  replace(next: Snapshot): void {
    this.#current = next;
    this.generation++;
  }
}

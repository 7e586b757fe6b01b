import type { Position, ServerEntry } from './config.ts';
import type { LocatedPair } from './located.ts';
import type { Segment } from './mask.ts';

/** One server of a file as it was parsed and read: where the same text comes again, neither is done anew. */
export interface ServerPart {
  /** Its lines. */
  readonly text: string;
  /** The first of them, 1-based. */
  readonly line: number;
  readonly pair: LocatedPair;
  /** What of it may be shown, by offsets in `text`. */
  readonly segments: readonly Segment[];
  /** What was made of it, if nothing was to be said about it. */
  read: ReadPart | undefined;
}

/** What was made of a part. */
export interface ReadPart {
  /** All that it was made by besides its text. */
  readonly context: string;
  /** Of the part at that time. */
  readonly line: number;
  /** The very object that is the entry's `trustPosition` where it says nothing itself. */
  readonly inheritedFrom: Position | undefined;
  readonly entry: ServerEntry;
}

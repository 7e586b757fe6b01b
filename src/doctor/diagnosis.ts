import type { Cause, Fault } from './cause.ts';
import type { Remedy } from './remedy.ts';

/** What is wrong, in one sentence, and what to do. */
export interface Diagnosis {
  readonly cause: Cause;
  /** Who has to act; undefined where nothing is wrong. */
  readonly fault: Fault | undefined;
  readonly sentence: string;
  readonly remedy: readonly Remedy[];
  /** What would come to light next, once the cause is mended. */
  readonly also: readonly string[];
}

/** One cause with its words, as the parts of the diagnosis find it. */
export interface Finding {
  readonly cause: Cause;
  readonly sentence: string;
  readonly remedy: readonly Remedy[];
  /** Where it is not whose it usually is. */
  readonly fault?: Fault;
}

import type { KeyAlgorithm } from './key-pairs.ts';

/** What any certificate can be asked for. Dates left out make it valid now. */
export interface CommonOptions {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly keyAlgorithm?: KeyAlgorithm;
  /** 1: without any extension, as the oldest corporate roots are. */
  readonly version?: 1 | 3;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const dayMs = 86_400_000;

/** A date that is given drags the other one along, so that `notAfter: yesterday` is all that "expired" takes. */
export function validityOf(options: CommonOptions, days: number): Validity {
  const yesterday = Date.now() - dayMs;
  const until = options.notAfter?.getTime() ?? Infinity;
  const notBefore = options.notBefore ?? new Date(Math.min(yesterday, until - dayMs));
  const notAfter = options.notAfter ?? new Date(Math.max(yesterday, notBefore.getTime()) + days * dayMs);
  return { notBefore, notAfter };
}

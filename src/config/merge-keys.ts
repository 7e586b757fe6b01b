import { Fault } from './fault.ts';
import type { OnFault } from './fault.ts';
import { mayShowKey } from './known-keys.ts';
import type { Located, LocatedPair } from './located.ts';

/** Stands for a plain `<<` where keys are compared; a quoted one is a key like any other. */
export const MERGE_KEY = '<<';

/** The pairs that a merge key brings in; of a list of maps an earlier one goes first, as in PyYAML. */
export function mergePairs({ value, keyPosition }: LocatedPair, onFault: OnFault): LocatedPair[] {
  const sources: readonly Located[] = value.kind === 'list' ? value.items : [value];
  const pairs = new Map<string, LocatedPair>();
  for (const source of sources) {
    if (source.kind !== 'map') {
      onFault(
        new Fault(
          'a merge key << names something that is no mapping',
          'give it a mapping or a list of mappings',
        ),
        keyPosition,
      );
      continue;
    }
    for (const pair of source.pairs) if (!pairs.has(pair.key)) pairs.set(pair.key, pair);
  }
  return [...pairs.values()];
}

/** A key that stands twice in one mapping; PyYAML silently takes the last. */
export function duplicateFault(first: LocatedPair): Fault {
  const key = mayShowKey(first.key) ? `key ${first.key}` : 'a key';
  return new Fault(`${key} is written twice, first on line ${first.keyPosition.line}`, 'keep one of the two');
}

import type { Position } from './config.ts';
import type { ScalarValue } from './scalars.ts';

/** A YAML value that knows where it was written; aliases are expanded and merge keys are merged. */
export type Located = LocatedScalar | LocatedList | LocatedMap;

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  readonly position: Position;
  /** The environment variable that the value came from, where it did. */
  readonly variable?: string;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly items: readonly Located[];
  readonly position: Position;
}

export interface LocatedMap {
  readonly kind: 'map';
  readonly pairs: readonly LocatedPair[];
  readonly position: Position;
}

export interface LocatedPair {
  readonly key: string;
  /** False for `true:`, `1:` and the like, which PyYAML does not read as text. */
  readonly keyIsText: boolean;
  readonly keyPosition: Position;
  readonly value: Located;
}

/** The pair of a key; undefined where the value is no map or lacks the key. */
export function findPair(value: Located | undefined, key: string): LocatedPair | undefined {
  if (value?.kind !== 'map') return undefined;
  return value.pairs.find((pair) => pair.keyIsText && pair.key === key);
}

/** The same for many keys of one map, each in constant time. */
export function indexPairs(value: Located | undefined): (key: string) => LocatedPair | undefined {
  let index: Map<string, LocatedPair> | undefined;
  return (key) => {
    if (value?.kind !== 'map') return undefined;
    index ??= new Map(
      // Reversed, for of two pairs with one key the first counts.
      value.pairs.flatMap((pair) => (pair.keyIsText ? [[pair.key, pair] as const] : [])).reverse(),
    );
    return index.get(key);
  };
}

/** Whether nothing is there: no value at all, or null, which every key of ours reads as "not set". */
export function isUnset(value: Located | undefined): boolean {
  return value === undefined || (value.kind === 'scalar' && value.value === null);
}

/** Where a pair's value stands; an empty value has no place of its own, so its key's. */
export function positionOf({ keyPosition, value }: LocatedPair): Position {
  return isUnset(value) ? keyPosition : value.position;
}

/** Plain data, as a schema wants it. */
export function toPlain(value: Located): unknown {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'list') return value.items.map(toPlain);
  return Object.fromEntries(value.pairs.map((pair) => [pair.key, toPlain(pair.value)]));
}

/** A copy of a map with some of its keys only. */
export function pickKeys(map: LocatedMap, isWanted: (key: string) => boolean): LocatedMap {
  return { ...map, pairs: map.pairs.filter(({ key, keyIsText }) => keyIsText && isWanted(key)) };
}

/** A copy without what stands at a path. */
export function withoutPath(value: Located, [step, ...rest]: readonly PropertyKey[]): Located {
  if (value.kind === 'list')
    return { ...value, items: value.items.filter((_, index) => index !== Number(step)) };
  if (value.kind !== 'map') return value;
  const pairs = value.pairs.flatMap((pair) => {
    if (pair.key !== String(step)) return [pair];
    return rest.length === 0 ? [] : [{ ...pair, value: withoutPath(pair.value, rest) }];
  });
  return { ...value, pairs };
}

/** The deepest value or key on a path, and its place; the start where the path leads nowhere. */
export function follow(
  start: Located,
  path: readonly PropertyKey[],
): { position: Position; variable: string | undefined } {
  let value = start;
  let position = start.position;
  for (const step of path) {
    const pair = findPair(value, String(step));
    const next = pair?.value ?? (value.kind === 'list' ? value.items[Number(step)] : undefined);
    if (next === undefined) break;
    position = pair === undefined ? next.position : positionOf(pair);
    value = next;
  }
  return { position, variable: value.kind === 'scalar' ? value.variable : undefined };
}

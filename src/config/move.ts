import type { Position } from './config.ts';
import type { Located, LocatedPair } from './located.ts';

/** The same some lines further down. */
export function movePosition({ line, column }: Position, by: number): Position {
  return { line: line + by, column };
}

/** The same, with everything in it. */
export function movePair({ key, keyIsText, keyPosition, value }: LocatedPair, by: number): LocatedPair {
  return { key, keyIsText, keyPosition: movePosition(keyPosition, by), value: moveLocated(value, by) };
}

function moveLocated(located: Located, by: number): Located {
  const position = movePosition(located.position, by);
  if (located.kind === 'map')
    return { kind: 'map', pairs: located.pairs.map((pair) => movePair(pair, by)), position };
  if (located.kind === 'list')
    return { kind: 'list', items: located.items.map((item) => moveLocated(item, by)), position };
  return { ...located, position };
}

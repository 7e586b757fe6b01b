import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Position } from './config.ts';
import { Fault } from './fault.ts';
import type { OnFault } from './fault.ts';
import { mergePairs, duplicateFault, MERGE_KEY } from './merge-keys.ts';
import type { Located, LocatedPair } from './located.ts';
import { resolvePlainScalar } from './scalars.ts';
import type { ScalarValue } from './scalars.ts';

/** More expansions than this are an attempt at a "billion laughs", nested ones counted each time. */
const MAX_ALIAS_EXPANSIONS = 100;
const MAX_DEPTH = 100;
/** What PyYAML's SafeLoader constructs; any other tag makes LiteLLM fail too. */
const KNOWN_TAG =
  /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq|timestamp|binary|omap|pairs|set))$/;

/**
 * Turns the parser's tree into located values: scalars as PyYAML reads them, aliases expanded within bounds, merge
 * keys merged, duplicate keys reported.
 */
export function locate(root: Node, positionAt: (offset: number) => Position, onFault: OnFault): Located {
  return new Locator(positionAt, onFault).value(root, 0);
}

interface Anchored {
  /** Undefined while it is being read: an alias to it would be inside itself. */
  readonly located: Located | undefined;
  readonly expansions: number;
}

class Locator {
  #expansions = 0;
  readonly #anchors = new Map<string, Anchored>();
  readonly #positionAt: (offset: number) => Position;
  readonly #onFault: OnFault;

  constructor(positionAt: (offset: number) => Position, onFault: OnFault) {
    this.#positionAt = positionAt;
    this.#onFault = onFault;
  }

  value(node: unknown, depth: number): Located {
    if (isAlias(node)) return this.#alias(node);
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return this.#nothing({ line: 1, column: 1 });
    if (depth > MAX_DEPTH) return this.#tooDeep(this.#position(node));
    if (node.tag !== undefined && !KNOWN_TAG.test(node.tag)) this.#unknownTag(this.#position(node));
    const { anchor } = node;
    if (anchor === undefined) return this.#unanchored(node, depth);
    const before = this.#expansions;
    this.#anchors.set(anchor, { located: undefined, expansions: 0 });
    const located = this.#unanchored(node, depth);
    this.#anchors.set(anchor, { located, expansions: this.#expansions - before });
    return located;
  }

  #unanchored(node: Scalar | YAMLMap | YAMLSeq, depth: number): Located {
    const position = this.#position(node);
    if (isScalar(node)) return { kind: 'scalar', value: readScalar(node), position };
    if (isMap(node)) return { kind: 'map', pairs: this.#pairs(node, depth), position };
    return { kind: 'list', items: node.items.map((item) => this.value(item, depth + 1)), position };
  }

  #pairs(map: YAMLMap, depth: number): readonly LocatedPair[] {
    const merged: LocatedPair[] = [];
    const own = new Map<string, LocatedPair>();
    for (const item of map.items) {
      const { pair, identity, isMerge } = this.#pair(item, depth);
      const first = own.get(identity);
      if (first !== undefined) this.#onFault(duplicateFault(first), pair.keyPosition);
      else if (isMerge) merged.push(...mergePairs(pair, this.#onFault));
      own.set(identity, pair);
    }
    own.delete(MERGE_KEY);
    const ownKeys = new Set([...own.values()].map(({ key }) => key));
    return [...merged.filter(({ key }) => !ownKeys.has(key)), ...own.values()];
  }

  #pair(item: Pair, depth: number): { pair: LocatedPair; identity: string; isMerge: boolean } {
    const key = this.value(item.key, depth + 1);
    const value = item.value === null ? this.#nothing(key.position) : this.value(item.value, depth + 1);
    if (key.kind !== 'scalar') {
      this.#onFault(
        new Fault('a list or a mapping is used as a key', 'write a text as the key'),
        key.position,
      );
    }
    const read = key.kind === 'scalar' ? key.value : null;
    const keyIsText = typeof read === 'string';
    const pair = { key: String(read), keyIsText, keyPosition: key.position, value };
    const isMerge = read === '<<' && isScalar(item.key) && item.key.type === 'PLAIN';
    return { pair, isMerge, identity: isMerge ? MERGE_KEY : `${typeof read}:${String(read)}` };
  }

  #alias(alias: Alias): Located {
    const position = this.#position(alias);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.#onFault(
        new Fault(
          'an alias names an anchor that does not stand before it',
          'write the anchor (&name) above, or quote a value that begins with *',
        ),
        position,
      );
      return this.#nothing(position);
    }
    const before = this.#expansions;
    this.#expansions += 1 + target.expansions;
    if (before <= MAX_ALIAS_EXPANSIONS && this.#expansions > MAX_ALIAS_EXPANSIONS) {
      this.#onFault(
        new Fault(
          `the aliases up to here expand more than ${MAX_ALIAS_EXPANSIONS} times`,
          'write the values out',
        ),
        position,
      );
    }
    if (target.located !== undefined) return { ...target.located, position };
    this.#onFault(new Fault('an alias stands inside its own anchor', 'write the value out'), position);
    return this.#nothing(position);
  }

  #position(node: Node): Position {
    return this.#positionAt(node.range?.[0] ?? 0);
  }

  #nothing(position: Position): Located {
    return { kind: 'scalar', value: null, position };
  }

  #tooDeep(position: Position): Located {
    this.#onFault(
      new Fault(`the YAML is nested deeper than ${MAX_DEPTH} levels`, 'write it flatter'),
      position,
    );
    return this.#nothing(position);
  }

  #unknownTag(position: Position): void {
    this.#onFault(new Fault('a value has a tag that PyYAML does not know', 'remove the tag'), position);
  }
}

function readScalar(node: Scalar): ScalarValue {
  const text = node.source ?? '';
  if (node.tag === undefined) return node.type === 'PLAIN' ? resolvePlainScalar(text) : text;
  return /:(?:int|float|bool|null)$/.test(node.tag) ? resolvePlainScalar(text) : text;
}

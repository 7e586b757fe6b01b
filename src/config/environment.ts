import type { Position } from './config.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import { resolvePlainScalar } from './scalars.ts';

const PREFIX = 'os.environ/';
/**
 * Keys whose value is a number or a boolean: the text of a variable is read as YAML would read it. Not `ssl_verify`,
 * where text that spells a boolean is an error wherever it comes from.
 */
const TYPED_KEYS: ReadonlySet<string> = new Set([
  'system_roots',
  'strict',
  'rewrite_oauth',
  'connections',
  'header_bytes',
  'allow_remote_clients',
]);

/** Called for each variable that is not set. */
export type OnUnset = (variable: string, position: Position, key: string) => void;

/** Replaces `os.environ/NAME` in all of a value, as LiteLLM writes it; what is unset is left out. */
export function substitute(
  value: Located,
  env: NodeJS.ProcessEnv,
  onUnset: OnUnset,
  key = '',
): Located | undefined {
  if (value.kind === 'map') return substituteMap(value, env, onUnset);
  if (value.kind === 'list') {
    const items = value.items.map((item) => substitute(item, env, onUnset, key));
    return { ...value, items: items.filter((item) => item !== undefined) };
  }
  if (typeof value.value !== 'string' || !value.value.startsWith(PREFIX)) return value;
  const variable = value.value.slice(PREFIX.length);
  const text = env[variable];
  if (text === undefined) {
    onUnset(variable, value.position, key);
    return undefined;
  }
  return { ...value, value: TYPED_KEYS.has(key) ? resolvePlainScalar(text) : text, variable };
}

/** Whether anything in a value comes from the environment. */
export function namesVariable(value: Located): boolean {
  if (value.kind === 'map') return value.pairs.some((pair) => namesVariable(pair.value));
  if (value.kind === 'list') return value.items.some(namesVariable);
  return typeof value.value === 'string' && value.value.startsWith(PREFIX);
}

/** {@link substitute} for a map, of which only some keys may be ours to read. */
export function substituteMap(
  map: LocatedMap,
  env: NodeJS.ProcessEnv,
  onUnset: OnUnset,
  isOurs: (key: string) => boolean = () => true,
): LocatedMap {
  const replace = (pair: LocatedPair): LocatedPair[] => {
    if (!isOurs(pair.key)) return [pair];
    const value = substitute(pair.value, env, onUnset, pair.key);
    return value === undefined ? [] : [{ ...pair, value }];
  };
  return { ...map, pairs: map.pairs.flatMap(replace) };
}

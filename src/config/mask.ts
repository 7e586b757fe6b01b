import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import { isLitellmKey, mayShowKey } from './known-keys.ts';

/** A stretch of the source, in the order of the file: shown as it is, or as one `…`. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly shown: boolean;
}

/**
 * Where in the file a value is: at the top, in `mcp_servers`, in one entry of it, inside keys of our own, or in
 * somebody else's.
 */
type Area = 'top' | 'servers' | 'entry' | 'own' | 'foreign';

/** Values of these keys may hold userinfo or tokens in a query, even inside our own settings. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['url', 'upstream_url', 'upstream_proxy']);
/** A value of ours that may hold a key (PEM) or a URL all the same, or is too long for a line. */
const MAY_BE_SECRET = /-----BEGIN|@|:\/\/|\?|^[^]{121}/;

/** What of a parsed file may be shown; everything in no segment is punctuation, comments and the like. */
export function segmentsOf(root: Node | null): Segment[] {
  const segments: Segment[] = [];
  collect(root, 'top', segments);
  return segments.sort((a, b) => a.start - b.start);
}

function collect(node: unknown, area: Area, segments: Segment[]): void {
  if (isMap(node) && area !== 'foreign') {
    for (const pair of node.items) collectPair(pair, area, segments);
  } else if (isSeq(node) && area === 'own') {
    for (const item of node.items) collect(item, area, segments);
  } else if (node !== null && node !== undefined) {
    add(node as Node, area === 'own' && !isMap(node) && !isSeq(node), segments);
  }
}

function collectPair({ key, value }: Pair, area: Area, segments: Segment[]): void {
  const name = isScalar(key) ? key.source : undefined;
  if (key !== null) add(key as Node, name !== undefined && showsKey(name, area), segments);
  collect(value, inside(area, name), segments);
}

function showsKey(name: string, area: Area): boolean {
  return area === 'own' || area === 'servers' || name === '<<' || mayShowKey(name);
}

function inside(area: Area, key: string | undefined): Area {
  // LiteLLM's keys stay LiteLLM's where a slip of the indentation put them inside ours.
  if (area === 'own')
    return key !== undefined && (SECRET_KEYS.has(key) || isLitellmKey(key)) ? 'foreign' : 'own';
  if (area === 'servers') return 'entry';
  if (area === 'entry') return key === 'ssl_verify' || key === 'tls' ? 'own' : 'foreign';
  if (area === 'top' && key === 'mcp_servers') return 'servers';
  return area === 'top' && key === 'mcp_tls_sidecar' ? 'own' : 'foreign';
}

function add(node: Node, mayShow: boolean, segments: Segment[]): void {
  const range = node.range;
  if (!range || range[0] === range[1]) return;
  const text = isScalar(node) ? (node.source ?? '') : '';
  segments.push({ start: range[0], end: range[1], shown: mayShow && !MAY_BE_SECRET.test(text) });
}

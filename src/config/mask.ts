import { isMap, isScalar, isSeq } from 'yaml';
import type { Node, Pair } from 'yaml';
import { mayShowKey, shownName } from './known-keys.ts';
import { OWN_KEYS } from './own-keys.ts';

/** A stretch of the source, in the order of the file: shown as it is, or as one `…`. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  readonly shown: boolean;
}

/**
 * Where in the file a value is: at the top, in `mcp_servers`, in one entry of it, inside keys of our own (`hosts`
 * among them has names for keys), or in somebody else's.
 */
type Area = 'top' | 'servers' | 'entry' | 'own' | 'hosts' | 'foreign';

/** Values of these keys may hold userinfo or tokens in a query, even inside our own settings. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['url', 'upstream_url', 'upstream_proxy']);
/**
 * A text of ours that may hold a key (PEM) or a URL all the same, is too long for a line, or goes over several lines:
 * then the second may have been meant for somebody else's key and have lost its colon.
 */
const MAY_BE_SECRET = /-----BEGIN|@|:\/\/|\?|\n|^[^]{121}/;

/** What of a parsed file may be shown; everything in no segment is punctuation, comments and the like. */
export function segmentsOf(text: string, root: Node | null): Segment[] {
  const collected: Collected = { text, segments: [] };
  collect(root, 'top', collected);
  return collected.segments.sort((a, b) => a.start - b.start);
}

interface Collected {
  readonly text: string;
  readonly segments: Segment[];
}

function collect(node: unknown, area: Area, collected: Collected): void {
  if (isMap(node) && area !== 'foreign') {
    for (const pair of node.items) collectPair(pair, area, collected);
  } else if (isSeq(node) && (area === 'own' || area === 'hosts')) {
    for (const item of node.items) collect(item, area, collected);
  } else if (node !== null && node !== undefined) {
    add(node as Node, (area === 'own' || area === 'hosts') && !isMap(node) && !isSeq(node), collected);
  }
}

function collectPair({ key, value }: Pair, area: Area, collected: Collected): void {
  const name = isScalar(key) ? key.source : undefined;
  if (key !== null) add(key as Node, name !== undefined && showsKey(name, area), collected);
  collect(value, inside(area, name), collected);
}

function showsKey(name: string, area: Area): boolean {
  if (area === 'servers') return shownName(name) === name;
  return area === 'hosts' || name === '<<' || OWN_KEYS.has(name) || mayShowKey(name);
}

function inside(area: Area, key: string | undefined): Area {
  if (area === 'hosts') return 'own';
  if (area === 'own' && key !== undefined) {
    // A slip of the indentation puts somebody else's keys inside ours.
    if (SECRET_KEYS.has(key) || !OWN_KEYS.has(key)) return 'foreign';
    return key === 'hosts' ? 'hosts' : 'own';
  }
  if (area === 'servers') return 'entry';
  if (area === 'entry') return key === 'ssl_verify' || key === 'tls' ? 'own' : 'foreign';
  if (area === 'top' && key === 'mcp_servers') return 'servers';
  return area === 'top' && key === 'mcp_tls_sidecar' ? 'own' : 'foreign';
}

function add(node: Node, mayShow: boolean, { text, segments }: Collected): void {
  const range = node.range;
  if (!range || range[0] === range[1]) return;
  const [start, end] = range;
  segments.push({ start, end, shown: mayShow && !MAY_BE_SECRET.test(text.slice(start, end)) });
}

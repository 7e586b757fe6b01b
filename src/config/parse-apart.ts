import { isAlias, isMap, isScalar, visit } from 'yaml';
import type { Document, Node, parseDocument, YAMLMap } from 'yaml';
import type { Position } from './config.ts';
import { excerptOf, excerptsOfParsed } from './excerpt.ts';
import type { ExcerptAt } from './excerpt.ts';
import type { Fault } from './fault.ts';
import { indexLines } from './lines.ts';
import { locate } from './locate.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import { segmentsOf } from './mask.ts';
import type { Segment } from './mask.ts';
import { movePair, movePosition } from './move.ts';
import type { ServerPart } from './server-part.ts';
import { splitServers } from './split-servers.ts';
import type { ServerText, SplitFile } from './split-servers.ts';
import type { Steps } from './steps.ts';

/** A file that was read in parts. */
export interface ApartFile {
  readonly root: LocatedMap;
  /** Its servers, in the order of their pairs. */
  readonly parts: readonly ServerPart[];
  readonly excerptAt: ExcerptAt;
}

type Parse = (text: string) => ReturnType<typeof parseDocument> | undefined;

/** Parsed at a time: a millisecond or two. */
const BATCH = 32;

/**
 * Reads a file server by server. Each is parsed below a `mcp_servers:` of its own, hence exactly where it stands in the
 * file; those whose text was there before are not parsed again.
 *
 * @param known the parts of the last file
 * @returns undefined wherever parts could mean something else than the whole (anchors and aliases, a name that stands
 * twice) and for every fault: then the file has to be read as a whole, which finds the words for it
 */
export function* parseApart(
  text: string,
  known: readonly ServerPart[],
  parse: Parse,
): Steps<ApartFile | undefined> {
  const split = splitServers(text);
  const rest = split && parseRest(split, parse);
  if (split === undefined || rest === undefined) return undefined;
  yield;
  const parts = yield* findParts(split, known, parse);
  if (parts === undefined || !areDistinct(parts)) return undefined;
  const pairs = parts.map(({ pair }) => pair);
  const position = pairs[0]?.keyPosition ?? { line: 1, column: 1 };
  const servers: LocatedMap = { kind: 'map', pairs, position };
  const isTheirs = ({ keyPosition: { line } }: LocatedPair): boolean => line === split.keyLine;
  const root = {
    ...rest.root,
    pairs: rest.root.pairs.map((pair) => (isTheirs(pair) ? { ...pair, value: servers } : pair)),
  };
  return { root, parts, excerptAt: excerptsOfApart(parts, split, rest.excerptAt) };
}

/** Everything but the servers; `mcp_servers` has to be a key at the top of it that has no value. */
function parseRest(
  { rest, keyOffset, keyLine, endLine }: SplitFile,
  parse: Parse,
): { root: LocatedMap; excerptAt: ExcerptAt } | undefined {
  const document = parse(rest);
  const contents = document?.errors.length === 0 ? document.contents : undefined;
  if (!isBlockMap(contents)) return undefined;
  const pair = contents.items.find(({ key }) => isScalar(key) && key.range?.[0] === keyOffset);
  if (pair === undefined || !isNothing(pair.value)) return undefined;
  const { positionAt } = indexLines(rest);
  const left = endLine - keyLine - 1;
  const root = locateSound(contents, (offset) => {
    const position = positionAt(offset);
    return position.line > keyLine ? movePosition(position, left) : position;
  });
  if (root?.kind !== 'map') return undefined;
  return { root, excerptAt: excerptsOfParsed(rest, contents, { after: keyLine, by: left }) };
}

function* findParts(
  { servers, indent }: SplitFile,
  known: readonly ServerPart[],
  parse: Parse,
): Steps<ServerPart[] | undefined> {
  const byText = new Map(known.map((part) => [part.text, part]));
  const parts = new Map<ServerText, ServerPart>();
  const missing: ServerText[] = [];
  for (const server of servers) {
    const part = byText.get(server.text);
    if (part === undefined) missing.push(server);
    else parts.set(server, movePart(part, server.line));
    yield;
  }
  for (let at = 0; at < missing.length; at += BATCH) {
    const batch = missing.slice(at, at + BATCH);
    const made = parseBatch(batch, indent, parse);
    if (made === undefined) return undefined;
    made.forEach((part, index) => {
      const server = batch[index];
      if (server !== undefined) parts.set(server, part);
    });
    yield;
  }
  return servers.flatMap((server) => parts.get(server) ?? []);
}

function parseBatch(batch: readonly ServerText[], indent: number, parse: Parse): ServerPart[] | undefined {
  const head = 'mcp_servers:\n';
  const text = [head, ...batch.map((server) => server.text)].join('');
  const document = parse(text);
  if (document === undefined || document.errors.length > 0 || sharesNodes(document, text)) return undefined;
  const map = serversOf(document.contents);
  if (map?.items.length !== batch.length) return undefined;
  const starts: number[] = [];
  const lineOf: number[] = [0, 0];
  let offset = head.length;
  for (const [index, server] of batch.entries()) {
    const key = map.items[index]?.key;
    if (!isScalar(key) || key.range?.[0] !== offset + indent) return undefined;
    starts.push(offset);
    offset += server.text.length;
    const end = server.text.split('\n').length - 1;
    for (let line = 0; line < end; line++) lineOf.push(server.line + line);
    // The last one of a file may have no line break.
    if (!server.text.endsWith('\n')) lineOf.push(server.line + end);
  }
  const { positionAt } = indexLines(text);
  const root = locateSound(document.contents, (at) => {
    const { line, column } = positionAt(at);
    return { line: lineOf[line] ?? 0, column };
  });
  const servers = root?.kind === 'map' ? root.pairs[0]?.value : undefined;
  if (servers?.kind !== 'map' || servers.pairs.length !== batch.length) return undefined;
  const segments = segmentsOf(text, document.contents);
  return batch.flatMap(({ line, text: { length } }, index) => {
    const [pair, start] = [servers.pairs[index], starts[index] ?? 0];
    if (pair === undefined) return [];
    // Of the batch, not of the file: a part of a long text would keep all of it.
    const own = text.slice(start, start + length);
    return { text: own, line, pair, segments: cut(segments, start, start + length), read: undefined };
  });
}

/** What stands between two offsets, counted from the first. */
function cut(segments: readonly Segment[], from: number, to: number): Segment[] {
  return segments
    .filter(({ start }) => start >= from && start < to)
    .map(({ start, end, shown }) => ({ start: start - from, end: end - from, shown }));
}

/** Undefined for any fault. */
function locateSound(contents: Node | null, positionAt: (offset: number) => Position): Located | undefined {
  if (contents === null) return undefined;
  const faults: Fault[] = [];
  const located = locate(contents, positionAt, (fault) => faults.push(fault));
  return faults.length === 0 ? located : undefined;
}

/** Whether there is an anchor or an alias, which are one name space in a file. */
function sharesNodes(document: Document, text: string): boolean {
  if (!/[&*]/.test(text)) return false;
  const found: Node[] = [];
  visit(document, {
    Node(_, node) {
      if (isAlias(node) || node.anchor !== undefined) found.push(node);
    },
  });
  return found.length > 0;
}

function serversOf(contents: unknown): YAMLMap | undefined {
  const value = isBlockMap(contents) && contents.items.length === 1 ? contents.items[0]?.value : undefined;
  return isBlockMap(value) ? value : undefined;
}

function isBlockMap(node: unknown): node is YAMLMap {
  return isMap(node) && node.flow !== true;
}

function isNothing(value: unknown): boolean {
  return isScalar(value) && value.source === '' && value.type === 'PLAIN' && value.tag === undefined;
}

function areDistinct(parts: readonly ServerPart[]): boolean {
  return new Set(parts.map(({ pair }) => pair.key)).size === parts.length;
}

function movePart(part: ServerPart, line: number): ServerPart {
  return part.line === line ? part : { ...part, line, pair: movePair(part.pair, line - part.line) };
}

function excerptsOfApart(
  parts: readonly ServerPart[],
  { lead, keyLine, endLine }: SplitFile,
  excerptOfRest: ExcerptAt,
): ExcerptAt {
  return (position) => {
    const { line } = position;
    if (line <= keyLine || line >= endLine) return excerptOfRest(position);
    const part = partAt(parts, line) ?? { text: lead, line: keyLine + 1, segments: [] };
    const range = indexLines(part.text).rangeOf(line - part.line + 1);
    return range && excerptOf(position, part.text, range, part.segments);
  };
}

/** The last part that begins at or before a line. */
function partAt(parts: readonly ServerPart[], line: number): ServerPart | undefined {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((parts[middle]?.line ?? Infinity) <= line) low = middle + 1;
    else high = middle;
  }
  return parts[low - 1];
}

import type { Node } from 'yaml';
import type { Position } from './config.ts';
import { LITELLM_KEYS } from './known-keys.ts';
import { indexLines } from './lines.ts';
import { segmentsOf } from './mask.ts';
import type { Segment } from './mask.ts';

const MASK = '…';
const OUR_KEYS = ['mcp_servers', 'mcp_tls_sidecar', 'ssl_verify', 'tls'];

/** The source line of a position with a caret below it and everything that may be secret as `…`. */
export type ExcerptAt = (position: Position) => string | undefined;

/**
 * Excerpts of a file that parsed.
 *
 * @param left lines that the file has and the text has not
 */
export function excerptsOfParsed(
  text: string,
  root: Node | null,
  left: { after: number; by: number } = { after: Infinity, by: 0 },
): ExcerptAt {
  const lines = indexLines(text);
  let segments: Segment[] | undefined;
  return (position) => {
    const range = lines.rangeOf(position.line > left.after ? position.line - left.by : position.line);
    if (range === undefined) return undefined;
    segments ??= segmentsOf(text, root);
    return excerptOf(position, text, range, segments);
  };
}

/**
 * The excerpt of a line.
 *
 * @param position in the file, by whose line it is numbered
 * @param range of the line in the text
 */
export function excerptOf(
  position: Position,
  text: string,
  range: { start: number; end: number },
  segments: readonly Segment[],
): string {
  return draw(position, maskLine(text, range, range.start + position.column - 1, segments));
}

/** Excerpts of a file that does not parse: of a line only a known key at its beginning is shown. */
export function excerptsOfUnparsed(text: string): ExcerptAt {
  const lines = indexLines(text);
  return (position) => {
    const range = lines.rangeOf(position.line);
    if (range === undefined) return undefined;
    return draw(position, maskUnparsedLine(text.slice(range.start, range.end), position.column - 1));
  };
}

interface MaskedLine {
  readonly text: string;
  /** Where the caret belongs below the text. */
  readonly caret: number;
}

function maskLine(
  text: string,
  { start, end }: { start: number; end: number },
  target: number,
  segments: readonly Segment[],
): MaskedLine {
  let masked = '';
  let caret: number | undefined;
  let at = start;
  const append = (until: number, piece: string): void => {
    if (piece === MASK && masked.endsWith(MASK)) masked = masked.slice(0, -1);
    // Within a masked piece there is nothing to point at but the mask.
    if (target >= at && target < until)
      caret = masked.length + (piece.length === until - at ? target - at : 0);
    masked += piece;
    at = until;
  };
  for (let index = firstAfter(segments, start); index < segments.length; index++) {
    const segment = segments[index];
    if (segment === undefined || segment.start >= end) break;
    if (segment.end <= at) continue;
    for (const piece of punctuation(text.slice(at, Math.max(at, segment.start))))
      append(at + piece.length, piece.shown);
    const until = Math.min(segment.end, end);
    append(until, segment.shown ? text.slice(at, until) : MASK);
  }
  for (const piece of punctuation(text.slice(at, end))) append(at + piece.length, piece.shown);
  return { text: masked, caret: caret ?? masked.length };
}

/** Index of the first segment that ends after an offset. */
function firstAfter(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.end ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Between keys and values: what structures the line is shown; anchors, tags and comments are not. */
function punctuation(gap: string): { length: number; shown: string }[] {
  const pieces = gap.match(/[\s:,\-?[\]{}]|#.*$|[^\s:,\-?[\]{}#][^\s,[\]{}]*/g) ?? [];
  return pieces.map((piece) => ({
    length: piece.length,
    shown: /^[\s:,\-?[\]{}]$/.test(piece) ? piece : piece.startsWith('#') ? `# ${MASK}` : MASK,
  }));
}

function maskUnparsedLine(line: string, target: number): MaskedLine {
  const match = /^(\s*(?:- +)?)(["']?)(\w+)\2\s*:(?=\s|$)/.exec(line);
  const indent = /^\s*/.exec(line)?.[0] ?? '';
  const known = match?.[3] !== undefined && (OUR_KEYS.includes(match[3]) || LITELLM_KEYS.has(match[3]));
  const shown = known ? match[0] : indent;
  const rest = line.slice(shown.length).trim();
  const space = known && rest !== '' ? ' ' : '';
  const text = rest === '' ? shown : `${shown}${space}${MASK}`;
  const inShown = target < shown.length || rest === '';
  return { text, caret: inShown ? target : shown.length + space.length };
}

function draw({ line }: Position, { text, caret }: MaskedLine): string {
  const number = String(line).padStart(3);
  // One column a character, or the caret points elsewhere.
  const shown = text.replace(/[\s\p{Cc}\p{Cf}]/gu, ' ').trimEnd();
  return `${number} | ${shown}\n${' '.repeat(number.length)} | ${' '.repeat(caret)}^`;
}

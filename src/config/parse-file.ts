import { isScalar, parseDocument, visit } from 'yaml';
import type { Node } from 'yaml';
import type { Position } from './config.ts';
import { decodeFile } from './decode.ts';
import { excerptsOfParsed, excerptsOfUnparsed } from './excerpt.ts';
import type { ExcerptAt } from './excerpt.ts';
import { Fault } from './fault.ts';
import { indexLines } from './lines.ts';
import { locate } from './locate.ts';
import type { LocatedMap } from './located.ts';
import { parseApart } from './parse-apart.ts';
import type { ServerPart } from './server-part.ts';
import type { Steps } from './steps.ts';
import { syntaxFault } from './syntax-faults.ts';

/** A file after parsing; without `root` one of the faults says why. */
export interface ParsedFile {
  readonly root: LocatedMap | undefined;
  readonly faults: readonly { readonly fault: Fault; readonly position: Position | undefined }[];
  readonly excerptAt: ExcerptAt;
  /** The servers in the order of their pairs; empty where the file was not read in parts. */
  readonly parts: readonly ServerPart[];
}

/**
 * From bytes to located values; every fault found here refuses the file.
 *
 * @param known the parts of the last file
 */
export function* parseFile(bytes: Buffer, known: readonly ServerPart[]): Steps<ParsedFile> {
  const decoded = decodeFile(bytes);
  const { text } = decoded;
  if (decoded.fault !== undefined) return refuse(text, decoded.fault, decoded.position);
  yield;
  const apart = yield* parseApart(text, known, parseText);
  return apart === undefined ? parseWhole(text) : { ...apart, faults: [] };
}

function refuse(text: string, fault: Fault, position?: Position): ParsedFile {
  const faults = [{ fault, position }];
  return { root: undefined, faults, excerptAt: excerptsOfUnparsed(text), parts: [] };
}

/** A text that could not be read in parts. */
export function parseWhole(text: string): ParsedFile {
  const document = parseText(text);
  if (document === undefined) return refuse(text, syntaxFault('RESOURCE_EXHAUSTION'));
  const { positionAt } = indexLines(text);
  // What the parser says after its first error is mostly that one's echo.
  const [error] = document.errors;
  if (error !== undefined) {
    const quote = error.code === 'MISSING_CHAR' ? findOpenQuote(document, error.pos[0]) : undefined;
    if (quote !== undefined) return refuse(text, OPEN_QUOTE, positionAt(quote));
    return refuse(text, syntaxFault(error.code), positionAt(error.pos[0]));
  }
  const { contents } = document;
  if (contents === null || isEmptyText(contents)) return refuse(text, EMPTY);
  return locateRoot(text, contents, positionAt);
}

const EMPTY = new Fault(
  'the file is empty',
  'was a write cut short? a configuration without entries is written {}',
);

const OPEN_QUOTE = new Fault(
  'a quote is opened here and never closed',
  'close it, or double a quote that is part of the text',
);

/** The parser tells where it missed a closing quote, which is far from where the quote was opened. */
function findOpenQuote(document: ReturnType<typeof parseDocument>, end: number): number | undefined {
  let start: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      if (type?.startsWith('QUOTE') && range?.[1] === end) start = range[0];
    },
  });
  return start;
}

/** Nothing after a `---`; a written null is something. */
function isEmptyText(contents: Node): boolean {
  return isScalar(contents) && contents.source === '' && contents.type === 'PLAIN';
}

function locateRoot(text: string, contents: Node, positionAt: (offset: number) => Position): ParsedFile {
  const faults: { fault: Fault; position: Position }[] = [];
  const excerptAt = excerptsOfParsed(text, contents);
  const root = locate(contents, positionAt, (fault, position) => faults.push({ fault, position }));
  if (root.kind === 'map') return { root, faults, excerptAt, parts: [] };
  const fault = new Fault(
    'the file is no mapping of keys to values',
    'begin it with mcp_servers: or mcp_tls_sidecar:',
  );
  return { root: undefined, faults: [...faults, { fault, position: root.position }], excerptAt, parts: [] };
}

/** Undefined where the nesting is beyond the parser's stack. */
function parseText(text: string): ReturnType<typeof parseDocument> | undefined {
  try {
    return parseDocument(text, {
      // Scalars, merge keys, tags and duplicates are ours to read, as PyYAML does: see locate.ts.
      schema: 'failsafe',
      version: '1.1',
      resolveKnownTags: false,
      merge: false,
      uniqueKeys: false,
      prettyErrors: false,
      // 'silent' would hide a second document, 'warn' would print source text.
      logLevel: 'error',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

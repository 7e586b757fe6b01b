/** A file whose servers can be read one by one. */
export interface SplitFile {
  /** The whole file without the lines below `mcp_servers`. */
  readonly rest: string;
  /** Where `mcp_servers` stands in it. */
  readonly keyOffset: number;
  /** The column of the servers' names, counted from 0. */
  readonly indent: number;
  /** Empty lines and comments between `mcp_servers` and the first of them. */
  readonly lead: string;
  /** In the order of the file, each from the line of its name to that of the next. */
  readonly servers: readonly ServerText[];
  /** The line of `mcp_servers` and the first one after the servers, 1-based. */
  readonly keyLine: number;
  readonly endLine: number;
}

/** The lines of one server. */
export interface ServerText {
  readonly text: string;
  /** The first of them, 1-based. */
  readonly line: number;
}

const HEAD = /^mcp_servers: *(?:#.*)?$/;
/** What a name begins with here: not an anchor, an alias, a tag, a merge key, `-`, `?` or the end of a `]`. */
const NAME_START = /[A-Za-z0-9_"']/;
/** Directives hold for what follows them; the rest are line breaks for some and not for others. */
const ODD = /^%|\r(?!\n)|[\u0085\u2028\u2029]/m;

/**
 * Splits a file at the names below `mcp_servers`, by indentation alone. Whether the parts mean what the whole means is
 * for the parser to find out: see parse-apart.ts.
 *
 * @returns undefined for a file that is not laid out so
 */
export function splitServers(text: string): SplitFile | undefined {
  if (ODD.test(text)) return undefined;
  const lines = new LineReader(text);
  while (lines.next()) if (lines.text[0] === 'm' && HEAD.test(lines.text)) break;
  if (lines.isDone()) return undefined;
  const { start: keyOffset, end: bodyStart, number: keyLine } = lines;
  const starts: { offset: number; line: number }[] = [];
  let indent = 0;
  while (lines.next()) {
    const column = lines.text.search(/[^ ]/);
    if (column === -1 || lines.text[column] === '#') continue;
    if (column === 0) break;
    if (starts.length === 0) indent = column;
    if (column > indent) continue;
    if (column < indent || !NAME_START.test(lines.text[column] ?? '')) return undefined;
    starts.push({ offset: lines.start, line: lines.number });
  }
  const end = lines.isDone() ? text.length : lines.start;
  const endLine = lines.isDone() ? lines.number + 1 : lines.number;
  const servers = starts.map(({ offset, line }, index) => ({
    text: text.slice(offset, starts[index + 1]?.offset ?? end),
    line,
  }));
  if (servers.length === 0) return undefined;
  return {
    rest: text.slice(0, bodyStart) + text.slice(end),
    keyOffset,
    keyLine,
    indent,
    lead: text.slice(bodyStart, starts[0]?.offset),
    servers,
    endLine,
  };
}

class LineReader {
  readonly #all: string;
  #isDone = false;
  /** Without its line break. */
  text = '';
  start = 0;
  /** Where the next one begins. */
  end = 0;
  number = 0;

  constructor(all: string) {
    this.#all = all;
  }

  /** Whether it was asked for a line after the last. */
  isDone(): boolean {
    return this.#isDone;
  }

  next(): boolean {
    if (this.end >= this.#all.length) this.#isDone = true;
    if (this.#isDone) return false;
    this.start = this.end;
    const lineBreak = this.#all.indexOf('\n', this.start);
    this.end = lineBreak === -1 ? this.#all.length : lineBreak + 1;
    const line = this.#all.slice(this.start, lineBreak === -1 ? this.end : lineBreak);
    this.text = line.endsWith('\r') ? line.slice(0, -1) : line;
    this.number++;
    return true;
  }
}

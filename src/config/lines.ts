import type { Position } from './config.ts';

/** The lines of a text, to go between offsets (UTF-16 units) and positions. */
export interface Lines {
  readonly positionAt: (offset: number) => Position;
  /** The bounds of a line without its line break; undefined where there is no such line. */
  readonly rangeOf: (line: number) => { readonly start: number; readonly end: number } | undefined;
}

/** Indexes the lines of a text once; CRLF counts as one line break. */
export function indexLines(text: string): Lines {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return {
    positionAt(offset) {
      const line = findLine(starts, offset);
      return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
    },
    rangeOf(line) {
      const start = starts[line - 1];
      if (start === undefined) return undefined;
      const next = starts[line];
      const end = next === undefined ? text.length : next - 1;
      return { start, end: end > start && text[end - 1] === '\r' ? end - 1 : end };
    },
  };
}

function findLine(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

import { readFileSync } from 'node:fs';

/** A chapter of docs/troubleshooting.md. */
export interface Chapter {
  readonly text: string;
  /** What a client says, by the first cell of its row: whole texts, with `…` for what varies; none where it accepts. */
  readonly says: ReadonlyMap<string, readonly string[]>;
}

const source = readFileSync(new URL('../../../docs/troubleshooting.md', import.meta.url), 'utf8');

/** The chapters by their headings, without the marks of code. */
const chapters: ReadonlyMap<string, Chapter> = new Map(
  source
    .split(/^## /m)
    .slice(1)
    .map((text) => [/^.*/.exec(text)?.[0].replaceAll('`', '') ?? '', readChapter(text)]),
);

function readChapter(text: string): Chapter {
  const rows = [...text.matchAll(/^\| ([^|`]+) \| (.*) \|$/gm)];
  return {
    text,
    says: new Map(rows.map(([, client = '', cell = '']) => [client, codeIn(cell)])),
  };
}

function codeIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The chapter of a heading, or the first whose heading begins so. */
export function chapterOf(heading: string): Chapter {
  const beginsSo = [...chapters].find(([name]) => name.startsWith(heading))?.[1];
  const chapter = chapters.get(heading) ?? beginsSo;
  if (chapter === undefined) throw new Error(`docs/troubleshooting.md has no chapter "${heading}"`);
  return chapter;
}

/** A text of the page as an expression: `…` is anything. @param whole whether nothing may stand around it */
export function toExpression(quoted: string, whole: boolean): RegExp {
  const parts = quoted.split('…').map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'));
  return new RegExp(whole ? `^${parts.join('.*')}$` : parts.join('.*'), 's');
}

/** What a client said, in the names of the page. */
export function inPageNames(said: string): string {
  return said
    .replaceAll(/mcp\.test:\d+/g, 'mcp.example.com:443')
    .replaceAll('mcp.test', 'mcp.example.com')
    .replaceAll('other.test', 'other.example.com')
    .replaceAll(/port=\d+/g, 'port=443');
}

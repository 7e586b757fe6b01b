import { MalformedResponseError } from './malformed-response.ts';

/** Lines as they came, and what they are in Latin-1: `text[i]` is `bytes[i]`. The bytes may go on behind them. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** Control characters, and CR or LF for themselves, which some readers take for the end of a line. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
export const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/;
/** Said of what has one. */
export const controlCharacter = 'a control character in the head or the trailers';

const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;

/** Of each byte, where it may stand. */
const kinds = new Uint8Array(256);
const inTokens = 1;
/** Tabs and visible ASCII may stand in a value, and in `latin1` all above them (obs-text, RFC 9110 section 5.5). */
export const inValues = { ascii: 2, latin1: 4 } as const;
for (let byte = 0; byte < kinds.length; byte++) {
  const isToken = /[!#$%&'*+\-.^_`|~\dA-Za-z]/.test(String.fromCharCode(byte));
  const isAscii = byte === 0x09 || (byte >= 0x20 && byte < 0x7f);
  kinds[byte] =
    (isToken ? inTokens : 0) |
    (isAscii ? inValues.ascii : 0) |
    (isAscii || byte >= 0x80 ? inValues.latin1 : 0);
}

/**
 * Reads header or trailer fields: a token (RFC 9110 section 5.6.2), a colon right behind it, and a value without the blanks
 * around it. No line goes on from the one before (obs-fold), and no end of line is half of one.
 *
 * Byte by byte: two heads are read for each request, and a regular expression for each line takes three times as long.
 *
 * @param from where the first line begins; the last one has lost its end
 * @param inValue one of {@link inValues}
 */
export function parseFields(
  { bytes, text }: Lines,
  from: number,
  inValue: number,
): string[] | MalformedResponseError {
  const end = text.length;
  const fields: string[] = [];
  for (let at = from; at < end; at += 2) {
    const nameAt = at;
    while (at < end && isOf(bytes, at, inTokens)) at++;
    if (at === nameAt || at === end || bytes[at] !== colon)
      return new MalformedResponseError('a line that is no header');
    const name = text.slice(nameAt, at++);
    const valueAt = at;
    while (at < end && isOf(bytes, at, inValue)) at++;
    if (at < end && !(bytes[at] === cr && at + 1 < end && bytes[at + 1] === lf))
      return new MalformedResponseError(controlCharacter);
    fields.push(name, trimmed(text, valueAt, at));
  }
  return fields;
}

/** How long {@link findEmptyLine} finds it. */
export const emptyLineBytes = 4;

/**
 * The index of the first empty line with the end of the line before it, which four bytes are looked at a time for
 * (Horspool, 1980); -1 where there is none.
 */
export function findEmptyLine(bytes: Uint8Array, from: number): number {
  for (let at = from + 3; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === lf) {
      if (bytes[at - 1] === cr && bytes[at - 2] === lf && bytes[at - 3] === cr) return at - 3;
      at += 2;
    } else at += byte === cr ? 1 : 4;
  }
  return -1;
}

/** A number in digits alone, no more of them than a number holds: a `Content-Length`, say. Undefined for anything else. */
export function readDigits(text: string): number | undefined {
  if (text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return value;
}

function isOf(bytes: Uint8Array, at: number, kind: number): boolean {
  return ((kinds[bytes[at] ?? 0] ?? 0) & kind) !== 0;
}

/** Without the spaces and tabs around it: not `trim()`, to which 0xA0 is a space. */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

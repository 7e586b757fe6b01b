/** Headers as node:http has them: names and values in turn, in order, duplicates kept. */
export type RawHeaders = readonly string[];

/** Every value of a header, in order. @param name in lower case */
export function headerValues(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (isNamed(raw[index] ?? '', name)) values.push(raw[index + 1] ?? '');
  }
  return values;
}

/**
 * Whether a header is there.
 *
 * @param name in lower case
 * @param test for its value; of several, one that passes is enough
 */
export function hasHeader(raw: RawHeaders, name: string, test?: (value: string) => boolean): boolean {
  for (let index = 0; index < raw.length; index += 2) {
    if (!isNamed(raw[index] ?? '', name)) continue;
    if (test === undefined || test(raw[index + 1] ?? '')) return true;
  }
  return false;
}

/** The same headers, of which one is a Content-Length, with another value of that. */
export function withContentLength(raw: RawHeaders, value: string): string[] {
  const changed = raw.slice();
  for (let index = 0; index < raw.length; index += 2)
    if (isNamed(raw[index] ?? '', 'content-length')) changed[index + 1] = value;
  return changed;
}

/** Most names differ from another in their length or first letter, which is seen without a string in lower case. */
export function isNamed(candidate: string, name: string): boolean {
  return (
    candidate.length === name.length &&
    letterBit(candidate) === letterBit(name) &&
    candidate.toLowerCase() === name
  );
}

/** The first letter of a name, whatever its case; a bit for each. */
function letterBit(name: string): number {
  return 1 << (name.charCodeAt(0) & 31);
}

/**
 * A head as it is written, without the empty line at its end.
 *
 * @param startLine of a request or a response
 */
export function renderHead(startLine: string, raw: RawHeaders): string {
  return startLine + '\r\n' + renderFields(raw);
}

/** Header lines as they are written. */
export function renderFields(raw: RawHeaders): string {
  let text = '';
  for (let index = 0; index < raw.length; index += 2)
    // Not a template, which asks each part whether it is a string.
    text += (raw[index] ?? '') + ': ' + (raw[index + 1] ?? '') + '\r\n';
  return text;
}

/**
 * A way to tell names apart that looks at few: most headers have the length and the first letter of none that matters,
 * and cost no string.
 *
 * @param names in lower case
 * @returns gives a name in lower case, or undefined where it can be none of them
 */
export function notableAmong(names: readonly string[]): (name: string) => string | undefined {
  // By their length, modulo 32.
  const letters = new Uint32Array(32);
  for (const name of names) letters[name.length & 31] = (letters[name.length & 31] ?? 0) | letterBit(name);
  return (name) =>
    ((letters[name.length & 31] ?? 0) & letterBit(name)) === 0 ? undefined : name.toLowerCase();
}

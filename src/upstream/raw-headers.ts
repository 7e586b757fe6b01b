/** Headers as node:http has them: names and values in turn, in order, duplicates kept. */
export type RawHeaders = readonly string[];

/** Every value of a header, in order. @param name in lower case */
export function headerValues(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const candidate = raw[index] ?? '';
    if (candidate.length === name.length && candidate.toLowerCase() === name)
      values.push(raw[index + 1] ?? '');
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
    const candidate = raw[index] ?? '';
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    if (test === undefined || test(raw[index + 1] ?? '')) return true;
  }
  return false;
}

/** Lines as they are written, each with its end. */
export function renderFields(raw: RawHeaders): string {
  let lines = '';
  for (let index = 0; index < raw.length; index += 2)
    lines += `${raw[index] ?? ''}: ${raw[index + 1] ?? ''}\r\n`;
  return lines;
}

/**
 * A way to tell names apart that looks at few: most headers have the length of none that matters, and cost no string.
 *
 * @param names in lower case
 * @returns gives a name in lower case, or undefined where it can be none of them
 */
export function notableAmong(names: readonly string[]): (name: string) => string | undefined {
  // A bit for each of their lengths, modulo 32.
  const lengths = names.reduce((bits, { length }) => bits | (1 << length), 0);
  return (name) => ((lengths & (1 << name.length)) === 0 ? undefined : name.toLowerCase());
}

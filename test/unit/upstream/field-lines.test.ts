import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findEmptyLine, inValues, parseFields } from '../../../src/upstream/field-lines.ts';
import { MalformedResponseError } from '../../../src/upstream/malformed-response.ts';

/** Bytes of which many are ends of lines, or half of one. */
const lines = fc
  .array(fc.constantFrom('\r\n', '\r', '\n', '\r\n\r\n', 'a', 'ab', 'abc: d', '\xff'), { maxLength: 12 })
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

it('finds the empty line where Buffer.indexOf does', () => {
  fc.assert(
    fc.property(lines, fc.nat(8), (bytes, from) => {
      expect(findEmptyLine(bytes, from)).toBe(bytes.indexOf('\r\n\r\n', Math.min(from, bytes.length)));
    }),
    { numRuns: 20_000 },
  );
});

/** The same by expressions, which are slow and plain. */
function byExpression(text: string, values: RegExp): string[] | undefined {
  if (text === '') return [];
  const fields: string[] = [];
  for (const line of text.split('\r\n')) {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*([^]*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined || !values.test(value)) return undefined;
    fields.push(name, value);
  }
  return fields;
}

describe.each([
  ['ascii', inValues.ascii, /^[\t\x20-\x7e]*$/],
  ['latin1', inValues.latin1, /^[\t\x20-\x7e\x80-\xff]*$/],
] as const)('reads fields in %s', (_, inValue, values) => {
  const read = (text: string, behind: string) => {
    const bytes = Buffer.from(`before${text}${behind}`, 'latin1');
    const fields = parseFields({ bytes, text: `before${text}` }, 'before'.length, inValue);
    return fields instanceof MalformedResponseError ? undefined : fields;
  };

  it('each byte in a name, behind it, in a value and at its ends as an expression does', () => {
    for (let byte = 0; byte < 256; byte++) {
      const one = String.fromCharCode(byte);
      for (const text of [`a${one}b: c`, `ab${one}: c`, `a:${one}c`, `a: b${one}c`, `a: b${one}`])
        expect(read(text, '\r\n\r\n'), JSON.stringify(text)).toEqual(byExpression(text, values));
    }
  });

  it('any lines as an expression does, whatever comes behind them', () => {
    const piece = fc.constantFrom(
      'a',
      'B-c',
      ':',
      ': ',
      ' ',
      '\t',
      '\r\n',
      '\r',
      '\n',
      'x: y\r\n',
      '\x00',
      '\xa0',
    );
    const text = fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.constantFrom('', '\r\n\r\n', '\r\n\r\nbody', '\n', ': x'), (fields, behind) => {
        // A line that ends has one behind it: of a whole block the end of the last is taken off.
        fc.pre(!fields.endsWith('\r\n'));
        expect(read(fields, behind)).toEqual(byExpression(fields, values));
      }),
      { numRuns: 20_000 },
    );
  });
});

import { env } from 'node:process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PlainHeads, readPlainHead, type PlainHead } from '../../../src/downstream/plain-head.ts';
import { changed, plain } from './requests.ts';

/** For longer runs: REQUEST_FUZZ_RUNS=1000000 REQUEST_FUZZ_SEED=2 npx vitest run <this file> */
const numRuns = Number(env['REQUEST_FUZZ_RUNS'] ?? 25_000);
const seed = Number(env['REQUEST_FUZZ_SEED'] ?? 20_261_123);

const maxHeadBytes = 65_536;

/** All that is said of a head but for what others it is like. */
function said(head: PlainHead | undefined): PlainHead | undefined {
  return head === undefined ? undefined : { ...head, form: undefined };
}

it(`what came before on a connection changes nothing (${numRuns} cases, seed ${seed})`, () => {
  let ofOneForm = 0;
  const before = fc.constantFrom(...plain.map(([, text]) => Buffer.from(text, 'latin1')));
  // Digits of a length come one by one: several heads of which each is the one before with a change.
  const property = fc.property(before, fc.array(changed, { maxLength: 3 }), (first, others) => {
    const heads = new PlainHeads();
    for (const bytes of [first, first, ...others.flatMap(({ bytes }) => [bytes, bytes]), first]) {
      const expected = readPlainHead(bytes, maxHeadBytes);
      const head = heads.read(bytes, maxHeadBytes);
      expect(said(head)).toEqual(said(expected));
      if (head?.form?.recurs === true) ofOneForm++;
    }
  });
  fc.assert(property, { numRuns, seed });
  expect(ofOneForm).toBeGreaterThan(numRuns / 2);
});

it.each(plain.filter(([, text]) => /content-length/i.test(text)))(
  'the length of a body may be another: %s %j',
  (_, text) => {
    const heads = new PlainHeads();
    const withLength = (length: string) =>
      Buffer.from(text.replace(/(content-length:[ \t]*)\d+/i, `$1${length}`), 'latin1');
    for (const length of ['1', '2', '300', '65536', '0', '007', '1']) {
      const bytes = withLength(length);
      expect(said(heads.read(bytes, maxHeadBytes))).toEqual(said(readPlainHead(bytes, maxHeadBytes)));
    }
    expect(heads.read(withLength('12'), maxHeadBytes)?.form?.recurs).toBe(true);
    for (const length of ['', '+1', '1 2', '1,1', '9'.repeat(16), '1\r\nContent-Length: 1', '1\r\n x'])
      expect(heads.read(withLength(length), maxHeadBytes)).toBeUndefined();
  },
);

it('a head that has become too long is not taken, whatever it is like', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const heads = new PlainHeads();
  for (let times = 0; times < 3; times++) expect(heads.read(bytes, maxHeadBytes)).toBeDefined();
  expect(heads.read(bytes, 10)).toBeUndefined();
});

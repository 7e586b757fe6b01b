import { env } from 'node:process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ResponseHeads } from '../../../src/upstream/response-head.ts';
import { readByUs } from './read-by-us.ts';
import { changed, good } from './responses.ts';

/** For longer runs: RESPONSE_FUZZ_RUNS=1000000 RESPONSE_FUZZ_SEED=2 npx vitest run <this file> */
const numRuns = Number(env['RESPONSE_FUZZ_RUNS'] ?? 5_000);
const seed = Number(env['RESPONSE_FUZZ_SEED'] ?? 20_261_123);

const methods = ['GET', 'POST', 'HEAD'];

it(`what came before on a connection changes nothing (${numRuns} cases, seed ${seed})`, () => {
  const before = fc.constantFrom(
    ...good.map(([method, text]) => ({ method, bytes: Buffer.from(text, 'latin1') })),
  );
  const property = fc.property(before, fc.array(changed, { maxLength: 3 }), (first, others) => {
    const heads = new ResponseHeads();
    for (const { method, bytes } of [first, first, ...others.flatMap((one) => [one, one]), first])
      // The same bytes mean something else as the answer to another method.
      for (const asked of [method, ...methods])
        expect(readByUs([bytes], asked, heads)).toEqual(readByUs([bytes], asked));
  });
  fc.assert(property, { numRuns, seed });
});

const responses = [
  ['with a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 5\r\n\r\n'],
  ['with none', 'HTTP/1.1 304 Not Modified\r\nETag: "5"\r\ncontent-length:5 \r\n\r\n'],
] as const;
it.each(methods.flatMap((method) => responses.map(([what, text]) => ({ method, what, text }))))(
  'the length of a body may be another: $method, a response $what',
  ({ method, text }) => {
    const heads = new ResponseHeads();
    const withLength = (length: string, bytes: number) => [
      Buffer.from(text.replace(/(content-length: ?)\d+/i, `$1${length}`) + 'x'.repeat(bytes)),
    ];
    for (const length of ['5', '5', '0', '12', '300', '007', '5']) {
      const chunks = withLength(length, Number(length));
      const reading = readByUs(chunks, method, heads);
      expect(reading).toEqual(readByUs(chunks, method));
      expect(reading.outcome).toBe('whole');
    }
    for (const length of ['+1', '1 2', '1,1', '9'.repeat(16), '1\r\nContent-Length: 1', '1\r\n x'])
      expect(readByUs(withLength(length, 5), method, heads).outcome).toBe('refused');
  },
);

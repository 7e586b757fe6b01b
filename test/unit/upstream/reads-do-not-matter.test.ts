import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readByUs, type Reading } from './read-by-us.ts';
import { changed, good } from './responses.ts';

const runs = { numRuns: 10_000, seed: 20_261_123 };

/** At odd places: by the bytes in each read, in turn. */
function split(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** But for the words: which of two faults is met first may differ. */
const meaning = ({ refusal, ...read }: Reading) => ({ ...read, isRefused: refusal !== undefined });

it('what is taken of a response does not depend on how reads cut it', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(changed, sizes, ({ method, bytes }, pieces) => {
      const once = readByUs([bytes], method);
      const often = readByUs(split(bytes, pieces), method);
      if (once.outcome !== 'refused') expect(meaning(often)).toEqual(meaning(once));
      else {
        // What came before the fault may have been handed on by then; never other than it was.
        expect(often.outcome).toBe('refused');
        expect(often.heads.slice(0, once.heads.length)).toEqual(once.heads);
        expect(often.body).toBe(once.body);
      }
    }),
    runs,
  );
});

it.each(good)('cut in two at any place, and byte by byte, it is the same: %s %j', (method, text) => {
  const bytes = Buffer.from(text, 'latin1');
  const once = readByUs([bytes], method);
  expect(once.refusal).toBeUndefined();
  for (let cut = 1; cut < bytes.length; cut++)
    expect(readByUs([bytes.subarray(0, cut), bytes.subarray(cut)], method), `cut at ${cut}`).toEqual(once);
  expect(readByUs(split(bytes, [1]), method)).toEqual(once);
});

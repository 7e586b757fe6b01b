import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { writeFramed } from '../../../src/upstream/write-framed.ts';
import { socketPair } from '../../harness/socket-pair.ts';

/** Every byte, and a number that tells one body from another. */
function bodyOf(bytes: number, which: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (index + which) & 0xff));
}

test('bodies of every kind arrive byte by byte between what frames them, however slowly they are read', async () => {
  const { near, far } = await socketPair();
  const sent = createHash('sha256');
  const received = createHash('sha256');
  let receivedBytes = 0;
  far.on('data', (chunk: Buffer) => {
    received.update(chunk);
    receivedBytes += chunk.length;
    far.pause();
    setTimeout(() => far.resume(), 1);
  });

  const sizes = [0, 1, 100, 16_000, 16_372, 16_373, 16_374, 16_384, 16_385, 65_536, 200_000];
  const frames = [
    ['', ''],
    ['head\xe9\r\n\r\n', ''],
    ['', '\r\n'],
    ['c8\r\n', '\r\n0\r\n\r\n'],
  ] as const;
  let sentBytes = 0;
  let held = 0;
  for (const [which, size] of [...sizes, ...sizes].entries())
    for (const [before, behind] of frames) {
      const body = bodyOf(size, which);
      sent.update(before, 'latin1').update(body).update(behind, 'latin1');
      sentBytes += before.length + size + behind.length;
      if (writeFramed(near, before, body, behind)) continue;
      held++;
      await once(near, 'drain');
    }
  near.end();
  await once(far, 'end');
  expect(held).toBeGreaterThan(0);
  expect(receivedBytes).toBe(sentBytes);
  expect(received.digest('hex')).toBe(sent.digest('hex'));
});

import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Nothing has moved for this long: nobody takes any more. */
const stalledMs = 300;
/** No buffers of a relay that holds back are this large. */
const tooMuch = 200 << 20;

/** Writes until the other end takes no more, and returns how many bytes are on the way. */
export async function fillUntilStalled(from: Socket): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  let written = 0;
  let onTheWay = 0;
  let movedMs = performance.now();
  while (performance.now() - movedMs < stalledMs && written < tooMuch) {
    if (!from.writableNeedDrain) {
      from.write(chunk);
      written += chunk.length;
    }
    await delay(from.writableNeedDrain ? 5 : 0);
    const taken = written - from.writableLength;
    if (taken > onTheWay) movedMs = performance.now();
    onTheWay = taken;
  }
  return onTheWay;
}

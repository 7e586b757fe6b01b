import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { readDirectly } from '../../../src/upstream/read-directly.ts';
import { poll } from '../../harness/poll.ts';
import { socketPair } from '../../harness/socket-pair.ts';

function gather(socket: Socket): { text: () => string; stop: () => void } {
  let text = '';
  const stop = readDirectly(socket, (chunk) => (text += chunk.toString('latin1')));
  return { text: () => text, stop };
}

test('what is read does not go through the stream', async () => {
  const { near, far } = await socketPair();
  const { text } = gather(near);
  let events = 0;
  near.on('data', () => events++);
  far.write('one');
  await poll(() => text() === 'one');
  far.write('two');
  await poll(() => text() === 'onetwo');
  expect(events).toBe(0);
  expect(near.readableLength).toBe(0);
});

test('a socket that is paused holds what comes, and gives it in its order before what follows', async () => {
  const { near, far } = await socketPair();
  const { text } = gather(near);
  far.write('a');
  await poll(() => text() === 'a');
  near.pause();
  far.write('b');
  await poll(() => near.readableLength === 1);
  near.unshift(Buffer.from('-'));
  near.resume();
  far.write('c');
  await poll(() => text() === 'a-bc');
});

test('a socket that is paused by its listener takes no more than its stream holds, and goes on when it may', async () => {
  const { near, far } = await socketPair();
  let read = 0;
  let onRead = () => void near.pause();
  readDirectly(near, (chunk) => {
    read += chunk.length;
    onRead();
  });
  const all = Buffer.alloc(32 * 1024 * 1024);
  far.write(all);
  await poll(() => near.isPaused());
  let seen = -1;
  await poll(() => seen === (seen = near.bytesRead) && seen > 0, { everyMs: 200 });
  expect(near.bytesRead).toBeLessThan(all.length / 2);
  expect(far.writableLength).toBeGreaterThan(0);
  onRead = () => {
    near.pause();
    setImmediate(() => near.resume());
  };
  near.resume();
  await poll(() => read === all.length, { timeoutMs: 20_000 });
});

test('its end comes behind all that was said', async () => {
  const { near, far } = await socketPair();
  const { text } = gather(near);
  const ended = once(near, 'end');
  far.end('all');
  await ended;
  expect(text()).toBe('all');
});

test('once it is stopped, the stream has what comes', async () => {
  const { near, far } = await socketPair();
  const { text, stop } = gather(near);
  far.write('a');
  await poll(() => text() === 'a');
  stop();
  near.pause();
  far.write('b');
  await poll(() => near.readableLength === 1);
  let rest = '';
  near.on('data', (chunk: Buffer) => (rest += chunk.toString()));
  near.resume();
  await poll(() => rest === 'b');
  expect(text()).toBe('a');
});

import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { openCounts, startRelay } from './relay-setup.ts';

/** Beyond the 300 s of node:http's own defaults, and of a pooled connection's life. */
const idleMs = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

describe.each(routes)('on the route by $name', (route) => {
  it.each([
    ['before its head', false],
    ['before its first event', true],
  ])('a stream that says nothing for an hour %s goes on', async (_, headFirst) => {
    // Only what counts down: sockets, promises and immediates run as they do.
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
    });
    const streams: ServerResponse[] = [];
    const { sidecar, open, head } = await startRelay((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      if (headFirst) response.flushHeaders();
      streams.push(response);
    });
    const client = await open(route);
    client.write(`${head(route, 'GET', '/sse')}Accept: text/event-stream\r\n\r\n`);
    await immediately(() => streams.length === 1 && (!headFirst || client.received.includes('\r\n\r\n')));
    for (let passedMs = 0; passedMs < idleMs; passedMs += 60_000) await vi.advanceTimersByTimeAsync(60_000);
    streams[0]?.write('data: late\n\n');
    await immediately(() => client.received.includes('data: late\n\n'));
    expect(client.ended).toBe(false);
    vi.useRealTimers();
    expect(await openCounts(sidecar)).toEqual({ streams: 1, connections: 1 });
    streams[0]?.end();
    await poll(async () => (await openCounts(sidecar)).streams === 0);
  });
});

/** Waits by turns of the event loop, for the clock stands still. */
async function immediately(check: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (check()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it did not come about');
}

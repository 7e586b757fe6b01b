import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import type { RawClient } from './raw-client.ts';
import { openCounts, server, startRelay } from './relay-setup.ts';

const limitMs = 1_000;

interface Situation {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly fields: string;
  /** What the server does before the client leaves. */
  readonly answers: boolean;
  /** What the client does before it leaves. */
  readonly before?: (client: RawClient) => Promise<unknown>;
}

const situations: Situation[] = [
  { name: 'while the head is waited for', method: 'POST', fields: 'Content-Length: 0\r\n', answers: false },
  {
    name: 'amid a stream',
    method: 'GET',
    fields: '',
    answers: true,
    before: (client) => client.until('data: 1'),
  },
  {
    name: 'amid an upload with a length',
    method: 'POST',
    fields: 'Content-Length: 1000000\r\n',
    answers: false,
    before: (client) => written(client, 'x'.repeat(5_000)),
  },
  {
    name: 'amid a chunked upload',
    method: 'POST',
    fields: 'Transfer-Encoding: chunked\r\n',
    answers: false,
    before: (client) => written(client, '3\r\nabc\r\n'),
  },
];

function written({ socket }: RawClient, text: string): Promise<void> {
  return new Promise((resolve) => socket.write(text, () => resolve()));
}

describe.each(routes)('on the route by $name', (route) => {
  it.each(
    situations.flatMap((situation) => (['FIN', 'reset'] as const).map((how) => ({ ...situation, how }))),
  )('a client that leaves $name by $how is seen upstream at once', async (situation) => {
    let closedMs = 0;
    const { sidecar, open, head, upstream } = await startRelay((request, response) => {
      if (situation.answers)
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      request.socket.on('close', () => (closedMs = performance.now()));
      request.on('error', () => undefined);
    });
    const client = await open(route);
    client.write(`${head(route, situation.method, '/mcp')}${situation.fields}\r\n`);
    await situation.before?.(client);
    await poll(() => upstream.requests.length === 1);

    const leftMs = performance.now();
    if (situation.how === 'FIN') client.leave();
    else client.reset();
    await poll(() => closedMs > 0, { timeoutMs: 3_000, everyMs: 1, what: 'the end upstream' });
    const tookMs = closedMs - leftMs;
    process.stdout.write(
      `${route.name}: left ${situation.name} by ${situation.how}: seen after ${tookMs.toFixed(1)} ms\n`,
    );
    expect(tookMs).toBeLessThan(limitMs);
    await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
    expect(await openCounts(sidecar)).toEqual({ streams: 0, connections: 0 });
  });
});

import { describe, expect, it } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { openCounts, startRelay } from './relay-setup.ts';

describe.each(routes)('on the route by $name', (route) => {
  it.each([
    ['by FIN', 'leave'],
    ['by a reset', 'reset'],
  ] as const)('of several in one packet, by a client that leaves %s', async (_, how) => {
    const asked: (string | undefined)[] = [];
    const left: (string | undefined)[] = [];
    const { sidecar, open, head } = await startRelay((request, response) => {
      asked.push(request.url);
      if (request.url === '/first') response.end('first');
      else request.socket.once('close', () => left.push(request.url));
    });
    const client = await open(route);
    const paths = ['/first', '/second', '/third'];
    client.write(paths.map((path) => `${head(route, 'GET', path)}\r\n`).join(''));
    await poll(() => asked.length === 2, { what: 'the second', everyMs: 1 });
    client[how]();
    await poll(() => left.length === 1, { what: 'the server to be told' });
    await poll(async () => (await openCounts(sidecar)).streams === 0, { what: 'no request to be left' });
    expect([asked, left]).toEqual([['/first', '/second'], ['/second']]);
  });
});

import { expect, it } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { startRelay } from './relay-setup.ts';

const mib = 1_048_576;

it.each(routes)(
  'on the route by $name what is behind a request is read up to a bound, and asked in turn',
  async (route) => {
    const asked: (string | undefined)[] = [];
    const answer: (() => void)[] = [];
    const { open, head } = await startRelay((request, response) => {
      asked.push(request.url);
      answer.push(() => response.end());
    });
    const client = await open(route);
    const requests = (64 * mib) / 8_000;
    for (let index = 0; index < requests; index++)
      client.write(`${head(route, 'GET', `/${index}`)}X-Long: ${'x'.repeat(8_000)}\r\n\r\n`);
    await poll(() => asked.length > 0, { what: 'the first' });
    let left = client.socket.writableLength;
    await poll(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        const before = left;
        left = client.socket.writableLength;
        return left === before;
      },
      { what: 'no more to be taken' },
    );
    expect(left).toBeGreaterThan(32 * mib);
    expect(asked).toEqual(['/0']);
    for (let next = 1; next <= 20; next++) {
      answer.shift()?.();
      await poll(() => asked.length > next, { what: `the one behind ${next}`, everyMs: 1 });
    }
    expect(asked).toEqual(Array.from({ length: 21 }, (_, index) => `/${index}`));
    client.leave();
  },
);

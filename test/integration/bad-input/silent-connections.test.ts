import { afterEach, expect, it, vi } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { connectTo } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { rawClient } from '../relay/raw-client.ts';
import { startRelay } from '../relay/relay-setup.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Two answers may come in two seconds. */
const undated = (received: string) => received.replaceAll(/^Date: .*$/gm, 'Date:');

// Real time: the ten seconds for headers are the sidecar's own, not a setting.
it('a connection on which no request begins for 10 s is refused, on every route; an empty line is no beginning', async () => {
  const sidecar = await startInProcess({ config: configText({ dev: { url: 'https://mcp.test/mcp' } }) });
  const named = { server: 'dev', authority: 'mcp.test' };
  const startedMs = performance.now();
  const socket = connectTo(sidecar.proxy);
  const served = rawClient({ socket, tcp: socket });
  // RFC 9112 section 2.2: what some clients send behind a body.
  served.write('POST /nobody/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nab\r\n');
  await served.until('}');
  const { received: answer } = served;
  const clients = await Promise.all(
    routes.map(async (route) => rawClient(await route.connect(sidecar.proxy, named))),
  );
  await poll(() => clients.every(({ ended }) => ended), { what: 'their end', timeoutMs: 14_000 });
  expect(performance.now() - startedMs).toBeGreaterThan(9_500);
  for (const [index, { received }] of clients.entries()) {
    const [response] = parseResponses(received);
    if (response === undefined) throw new Error('no answer');
    const server = routes[index]?.serverOfGarbage(named) ?? '';
    await expectFailure(response, sidecar, { server, reason: 'request_malformed' });
    expect(response.header('connection')).toBe('close');
  }
  expect(served).toMatchObject({ ended: false, received: answer });
});

it.each(routes)(
  'on the route by $name one that had a request is kept for 75 s, then closed without a word',
  async (route) => {
    // Only what looks at connections from time to time: all else runs as it does.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { open, head } = await startRelay((_, response) => response.end('answered'));
    const client = await open(route);
    client.write(`${head(route, 'GET', '/')}\r\n`);
    await client.until('answered');
    const { received } = client;
    expect(received).toContain('Keep-Alive: timeout=75\r\n');
    vi.advanceTimersByTime(74_000);
    client.write(`${head(route, 'GET', '/')}\r\n`);
    await poll(() => undated(client.received) === undated(received + received), {
      what: 'the second answer',
    });
    let seconds = 0;
    await poll(
      () => {
        vi.advanceTimersByTime(1_000);
        seconds++;
        return client.ended;
      },
      { what: 'the end of the connection' },
    );
    expect(seconds).toBeGreaterThan(75);
    expect(undated(client.received)).toBe(undated(received + received));
  },
);

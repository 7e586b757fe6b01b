import { describe, expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { loopbackLookup, startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { caPem, leaf, server, waysTo } from './relay-setup.ts';

/** More than a TLS record and a read of the socket hold, less than makes the sidecar stop reading. */
const sizes = [10, 20_000, 50_000];

/** A sidecar whose dial waits for the test. */
async function startHeld() {
  const upstream = await startUpstream({ leaf });
  const authority = `mcp.test:${upstream.port}`;
  const dialled = Promise.withResolvers<undefined>();
  let dials = 0;
  const sidecar = await startInProcess({
    config: configText({ [server]: { url: `https://${authority}/`, ssl_verify: caPem } }),
    lookup: async (host) => {
      dials++;
      await dialled.promise;
      return loopbackLookup(host);
    },
  });
  return {
    upstream,
    sidecar,
    untilDialling: () => poll(() => dials > 0, { what: 'the dial' }),
    release: () => dialled.resolve(undefined),
    ...waysTo(sidecar, authority),
  };
}

describe.each(routes)('on the route by $name', (route) => {
  it.each(sizes)(
    'a body of %d bytes that has come before the connection stands goes up whole',
    async (size) => {
      const { upstream, open, head, release, untilDialling } = await startHeld();
      const client = await open(route);
      const body = Array.from({ length: size }, (_, index) => index % 10).join('');
      client.write(`${head(route, 'POST', '/')}Content-Length: ${size}\r\n\r\n${body}`);
      await untilDialling();
      // What came with the head and behind it has been read once another round of the event loop is over.
      await new Promise((resolve) => setImmediate(resolve));
      release();
      await client.until('{"ok":true}');
      expect(upstream.requests[0]?.body === body).toBe(true);
      client.leave();
    },
  );

  it('a client that sent much behind its upgrade and left does not keep a dial going', async () => {
    const { sidecar, open, head, untilDialling } = await startHeld();
    const client = await open(route);
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    client.write(`${head(route, 'GET', '/ws')}${upgrade}\r\n${'x'.repeat(60_000)}`);
    await untilDialling();
    client.socket.end();
    await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
  });
});

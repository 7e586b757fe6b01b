import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { ask } from '../../harness/ask.ts';
import { routes, type Named, type RouteUnderTest } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

// Real time: the ten seconds for headers are the sidecar's own, not a setting.
it('headers that take more than 10 s are request_malformed, on every route', async () => {
  const sidecar = await startInProcess({ config: configText({ dev: { url: 'https://mcp.test/mcp' } }) });
  const startedMs = performance.now();
  const named = { server: 'dev', authority: 'mcp.test' };
  const answers = await Promise.all(routes.map((route) => dripHeaders(sidecar.proxy, route, named)));
  const elapsedMs = performance.now() - startedMs;
  expect(elapsedMs).toBeGreaterThan(9_500);
  expect(elapsedMs).toBeLessThan(13_000);
  for (const [index, answer] of answers.entries()) {
    const [response] = parseResponses(answer);
    if (response === undefined) throw new Error('no answer');
    await expectFailure(response, sidecar, {
      server: routes[index]?.serverOfGarbage(named) ?? '',
      reason: 'request_malformed',
    });
    expect(response.header('connection')).toBe('close');
  }
  // The sidecar goes on.
  expect((await ask(sidecar.proxy, '/nobody/mcp')).status).toBe(500);
});

/** A header octet every half second, until the sidecar has had enough. */
async function dripHeaders(proxy: string, route: RouteUnderTest, named: Named): Promise<string> {
  const { socket } = await route.connect(proxy, named);
  let received = '';
  socket.write(`GET ${route.line(named, '/mcp')} HTTP/1.1\r\nHost: ${route.host(named)}\r\nX-Slow: `);
  const timer = setInterval(() => socket.write('a'), 500);
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(received);
    });
  });
}

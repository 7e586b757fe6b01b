import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { routes, ask } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

// Real time: the ten seconds for headers are the sidecar's own, not a setting.
it('headers that take more than 10 s are request_malformed, on both routes', async () => {
  const sidecar = await startInProcess({ config: configText({}) });
  const startedMs = performance.now();
  const named = { server: 'dev', authority: 'mcp.test' };
  const answers = await Promise.all(
    routes.map(({ target }) => dripHeaders(sidecar.proxy, target(named, '/mcp'))),
  );
  const elapsedMs = performance.now() - startedMs;
  expect(elapsedMs).toBeGreaterThan(9_500);
  expect(elapsedMs).toBeLessThan(13_000);
  for (const answer of answers) {
    const [response] = parseResponses(answer);
    if (response === undefined) throw new Error('no answer');
    await expectFailure(response, sidecar, { server: 'unlisted', reason: 'request_malformed' });
    expect(response.header('connection')).toBe('close');
  }
  // The sidecar goes on.
  expect((await ask(sidecar.proxy, '/dev/mcp')).status).toBe(500);
});

/** A header octet every half second, until the sidecar has had enough. */
function dripHeaders(proxy: string, target: string): Promise<string> {
  const { hostname, port } = new URL(`http://${proxy}`);
  const socket = connect(Number(port), hostname);
  cleanUp(() => socket.destroy());
  let received = '';
  socket.write(`GET ${target} HTTP/1.1\r\nHost: ${proxy}\r\nX-Slow: `);
  const timer = setInterval(() => socket.write('a'), 500);
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(received);
    });
  });
}

import type { TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { routes } from '../../harness/routes.ts';
import { server, startSidecarBefore } from './relay-setup.ts';
import { startScripted } from './scripted-upstream.ts';

/** Each byte in a TLS record of its own. */
async function writeByByte(socket: TLSSocket, text: string): Promise<void> {
  socket.setNoDelay(true);
  for (const byte of Buffer.from(text, 'latin1'))
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
}

const responses: Readonly<Record<string, string>> = {
  'with a length': 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello',
  'in chunks, with trailers':
    'HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n2;a="b"\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: u\r\n\r\n',
  'after an early hint':
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello',
};

it.each(routes.flatMap((route) => Object.entries(responses).map(([how, text]) => ({ route, how, text }))))(
  'a response $how comes whole from records of one byte by $route.name',
  async ({ route, text }) => {
    const { upstream, requests } = await startScripted(({ socket }) => writeByByte(socket, text));
    const { sidecar, target } = await startSidecarBefore(upstream);
    for (let round = 1; round <= 2; round++) {
      const answer = await ask(sidecar.proxy, target(route, '/'));
      expect(answer).toMatchObject({ status: 200, body: 'hello', complete: true });
      expect(answer.header('x-a')).toBe('b');
    }
    expect(requests.map(({ connection }) => connection)).toEqual([1, 1]);
  },
);

it('a head of 60 KiB comes whole from records of one byte', async () => {
  const fields = `X-A: ${'b'.repeat(100)}\r\n`.repeat(560);
  const text = `HTTP/1.1 200 OK\r\n${fields}Content-Length: 5\r\n\r\nhello`;
  const { upstream } = await startScripted(({ socket }) => writeByByte(socket, text));
  const { sidecar } = await startSidecarBefore(upstream);
  const bytes = `GET /${server}/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const { port } = new URL(sidecar.proxyUrl);
  const until = (received: string) => received.endsWith('hello');
  const [answer] = parseResponses(await sendRaw({ port: Number(port), bytes, timeoutMs: 15_000, until }));
  expect(answer).toMatchObject({ status: 200, body: 'hello', complete: true });
  expect(answer?.rawHeaders.filter((name) => name === 'X-A')).toHaveLength(560);
});

import { describe, expect, it } from 'vitest';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import { poll } from '../../harness/poll.ts';
import { answerOf, startScripted } from './scripted-upstream.ts';
import { startSidecarBefore, type RelayUnderTest } from './relay-setup.ts';

const long = 'x'.repeat(200_000);
/** Comes in one TLS record, and so goes down in one chunk. */
const short = long.slice(0, 10_000);
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;

/** What a server says, by the path that it is asked for. */
const answers: Readonly<Record<string, string>> = {
  '/length': answerOf('hello', 'Content-Type: text/plain\r\nSet-Cookie: a=b\r\nset-cookie: c=d\r\n'),
  '/empty': answerOf(''),
  '/long': answerOf(long),
  '/chunks': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('a')}${chunk(short)}0\r\n\r\n`,
  '/no-chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  '/trailers': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n${chunk('a')}0\r\nX-A: 1\r\nX-B: 2\r\n\r\n`,
  '/until-close': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it',
  '/204': 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n',
  '/304-without-length': 'HTTP/1.1 304 Not Modified\r\nTrailer: X-A\r\n\r\n',
  '/phrase': 'HTTP/1.1 207 So l\xe0 l\xe0\r\nX-Latin: \xfc\r\nContent-Length: 0\r\n\r\n',
  '/no-phrase': 'HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n',
  '/hints': `HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload\r\n\r\n${answerOf('ok')}`,
  '/hints-of-nothing': `HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n${answerOf('ok')}`,
  '/malformed': 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
  '/short': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort',
  '/short-chunks': `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('a')}`,
};
/** After these the server closes the connection. */
const closing = /until-close|short/;
const headPaths = ['/length', '/chunks', '/204', '/304', '/trailers'];

/** @returns all that came back until the connection ended, without what differs from one request to the next */
async function askRaw(
  { open, head }: RelayUnderTest,
  route: RouteUnderTest,
  request: { method: string; path: string; fields: string; body?: string },
  isPlain: boolean,
): Promise<string> {
  const client = await open(route);
  const { method, path, fields, body = '' } = request;
  const start = head(route, method, path);
  const rest = `${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
  if (!isPlain) {
    // A head that does not come whole is for node:http.
    client.write(start.slice(0, 3));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.write(start.slice(3) + rest);
  } else client.write(start + rest);
  // Others of its form, by what was found of it.
  for (let times = 1; times < 5; times++) client.write(start + rest);
  // The next one is refused and ends the connection, where the one before has not.
  client.write('nonsense\r\n\r\n');
  await client.untilEnded();
  return client.received
    .replaceAll(/X-Request-Id: \S+/g, 'X-Request-Id: …')
    .replaceAll(/x{100,}/g, (run) => `${run.length} times x`);
}

describe.each(routes)('on the route by $name', (route) => {
  it('every kind of response goes down byte by byte as node:http writes it', async () => {
    const { upstream } = await startScripted(({ path, socket }) => {
      const text = answers[path] ?? '';
      if (closing.test(path)) socket.end(text, 'latin1');
      else socket.write(text, 'latin1');
    });
    const relay = await startSidecarBefore(upstream);
    const cases = [
      ...Object.keys(answers).map((path) => ({ method: 'GET', path })),
      ...headPaths.map((path) => ({ method: 'HEAD', path })),
      { method: 'POST', path: '/length', body: '{"jsonrpc":"2.0","id":1,"method":"a"}' },
      { method: 'POST', path: '/malformed', body: '{"jsonrpc":"2.0","id":1,"method":"a"}' },
    ];
    for (const what of cases)
      for (const fields of ['', 'Connection: close\r\n', 'Connection: keep-alive\r\n']) {
        const request = { ...what, fields };
        const plain = await askRaw(relay, route, request, true);
        const other = await askRaw(relay, route, request, false);
        expect(plain, JSON.stringify(request)).toBe(other);
        expect(plain).toMatch(/^HTTP\/1\.1 \d{3} /);
      }
  });

  it('however the bytes of several requests are cut, they are asked and answered in their order', async () => {
    const asked: string[] = [];
    const { upstream } = await startScripted(({ path, socket }) => {
      asked.push(path);
      socket.write(answerOf(`answer to ${path}`));
    });
    const relay = await startSidecarBefore(upstream);
    const requests = [
      (at: string) => `${relay.head(route, 'POST', at)}Content-Length: 5\r\n\r\nhello`,
      (at: string) => `${relay.head(route, 'GET', at)}\r\n`,
      (at: string) =>
        `${relay.head(route, 'POST', at)}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
      (at: string) => `${relay.head(route, 'DELETE', at)}Content-Length: 0\r\n\r\n`,
    ];
    let state = 20_261_123;
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    for (let round = 0; round < 40; round++) {
      asked.length = 0;
      const paths = Array.from({ length: 1 + random(8) }, (_, index) => `/${round}/${index}`);
      // Half of the rounds have no chunks: all of it is plain but for how it is cut.
      const kinds = round % 2 === 0 ? requests : requests.filter((_, index) => index !== 2);
      const bytes = paths.map((path) => kinds[random(kinds.length)]?.(path) ?? '').join('');
      const client = await relay.open(route);
      for (let at = 0; at < bytes.length;) {
        const piece = 1 + random(bytes.length / 2);
        client.write(bytes.slice(at, at + piece));
        at += piece;
        if (random(2) === 0) await new Promise((resolve) => setTimeout(resolve, random(4)));
      }
      const answered = () =>
        [...client.received.matchAll(/answer to (\S+?)(?=HTTP|$)/g)].map(([, path]) => path);
      await poll(() => answered().length === paths.length, {
        what: `${paths.length} answers: ${client.received}`,
      });
      expect(answered()).toEqual(paths);
      expect(asked).toEqual(paths);
      client.leave();
    }
  });
});

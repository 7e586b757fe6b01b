import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { openCounts, startSidecarBefore } from '../relay/relay-setup.ts';
import { answerOf, startScripted, type ScriptedRequest } from '../relay/scripted-upstream.ts';

const poison = answerOf('poison');
/** As many bytes as a TLS record holds: what is written behind it comes in the next one, and in the same packet. */
const recordBytes = 16_384;

/** A server that tells each request its own path, but for `/first`. */
async function startPoisoned(onFirst: (socket: TLSSocket) => unknown, answered: string[] = []) {
  const scripted = await startScripted((request: ScriptedRequest) => {
    answered.push(request.path);
    if (request.path === '/first') onFirst(request.socket);
    else request.socket.write(answerOf(`answer to ${request.path}`));
  });
  return { ...scripted, ...(await startSidecarBefore(scripted.upstream)) };
}

function fillRecord(): string {
  const empty = answerOf('', `X-Fill: \r\n`).length;
  return answerOf('', `X-Fill: ${'x'.repeat(recordBytes - empty)}\r\n`);
}

interface Case {
  readonly what: string;
  readonly method: string;
  readonly first: string;
  readonly status: number;
}

const cases: readonly Case[] = [
  { what: 'a response', method: 'POST', first: answerOf('first'), status: 200 },
  {
    what: 'a response in chunks',
    method: 'GET',
    first: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\nX: y\r\n\r\n',
    status: 200,
  },
  {
    what: 'an answer to HEAD',
    method: 'HEAD',
    first: 'HTTP/1.1 200 OK\r\nContent-Length: 46\r\n\r\n',
    status: 200,
  },
  {
    what: 'an answer to HEAD in chunks',
    method: 'HEAD',
    first: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    status: 200,
  },
  { what: 'a 204', method: 'DELETE', first: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204 },
  {
    what: 'a 204 of some length',
    method: 'DELETE',
    first: 'HTTP/1.1 204 No Content\r\nContent-Length: 46\r\n\r\n',
    status: 204,
  },
  {
    what: 'a 304',
    method: 'GET',
    first: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 46\r\n\r\n',
    status: 304,
  },
  { what: 'a response without a body', method: 'GET', first: answerOf(''), status: 200 },
];

describe.each(routes)('on the route by $name', (route) => {
  it.each(cases)('what comes in one record with $what is nobody’s', async ({ method, first, status }) => {
    const { sidecar, target, requests } = await startPoisoned((socket) => socket.write(first + poison));
    const answer = await ask(sidecar.proxy, target(route, '/first'), { method });
    expect(answer.status).toBe(status);
    expect(answer.body).not.toContain('poison');
    expect((await ask(sidecar.proxy, target(route, '/next'))).body).toBe('answer to /next');
    expect(requests.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  it.each(cases)(
    'what comes behind $what while nothing is asked is nobody’s',
    async ({ method, first, status }) => {
      const { sidecar, target, requests, sockets } = await startPoisoned((socket) => socket.write(first));
      const answer = await ask(sidecar.proxy, target(route, '/first'), { method });
      expect(answer.status).toBe(status);
      sockets[0]?.write(poison);
      await poll(async () => (await openCounts(sidecar)).connections === 0, { what: 'the close' });
      expect((await ask(sidecar.proxy, target(route, '/next'))).body).toBe('answer to /next');
      expect(requests.map(({ connection }) => connection)).toEqual([1, 2]);
    },
  );

  it('what comes in the next record of the same packet answers no request that waits behind the first', async () => {
    const { open, head, requests } = await startPoisoned((socket) => socket.write(fillRecord() + poison));
    const client = await open(route);
    client.write(`${head(route, 'GET', '/first')}\r\n${head(route, 'GET', '/next')}\r\n`);
    await client.until(/(?:answer to \/next|poison|details)/);
    const [, second] = parseResponses(client.received);
    expect(second).toMatchObject({ status: 200, body: 'answer to /next' });
    expect(requests.map(({ connection }) => connection)).toEqual([1, 2]);
  });

  it.each(['half', 'HTTP/1.1 200 OK\r\n', '\r\n', '\0', 'HTTP/1.1 100 Continue\r\n\r\n'])(
    'bytes that are no response yet end the connection too: %j',
    async (bytes) => {
      const { sidecar, target, requests } = await startPoisoned((socket) =>
        socket.write(answerOf('first') + bytes),
      );
      expect((await ask(sidecar.proxy, target(route, '/first'))).body).toBe('first');
      expect((await ask(sidecar.proxy, target(route, '/next'))).body).toBe('answer to /next');
      expect(requests.map(({ connection }) => connection)).toEqual([1, 2]);
    },
  );

  it('a response that was there before the request reaches nobody but who asked first', async () => {
    const answered: string[] = [];
    let connections = 0;
    const scripted = await startScripted(
      ({ socket, path }) => {
        answered.push(path);
        socket.write(answerOf(`answer to ${path}`));
      },
      (socket) => {
        if (++connections === 1) socket.write(poison);
      },
    );
    const { sidecar, target } = await startSidecarBefore(scripted.upstream);
    const first = await ask(sidecar.proxy, target(route, '/first'));
    expect(['poison', 'answer to /first']).toContain(first.body);
    // Its own answer is what nobody asked for by then.
    await poll(() => answered.includes('/first'), { what: 'the first request' });
    if (first.body === 'poison')
      await poll(async () => (await openCounts(sidecar)).connections === 0, { what: 'the close' });
    for (const path of ['/a', '/b', '/c'])
      expect((await ask(sidecar.proxy, target(route, path))).body).toBe(`answer to ${path}`);
  });
});

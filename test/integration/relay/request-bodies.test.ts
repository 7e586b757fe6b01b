import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { openCounts, server, startRelay } from './relay-setup.ts';

describe.each(routes)('on the route by $name', (route) => {
  it('a client that expects 100 Continue gets it from here, and the server sees no Expect', async () => {
    const { open, head, upstream } = await startRelay((request, response) => {
      request.on('end', () => response.end('done'));
    });
    const client = await open(route);
    client.write(`${head(route, 'POST', '/')}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hello');
    await client.until('done');
    expect(parseResponses(client.received).map(({ status }) => status)).toEqual([100, 200]);
    expect(upstream.requests[0]).toMatchObject({ body: 'hello' });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('expect');
  });

  it('a denied request that expects 100 Continue gets its final status at once, without it', async () => {
    const { sidecar, open } = await startRelay((_, response) => response.end());
    const client = await open(route);
    const host = /^https?:/.test(route.lineToNowhere) ? 'unlisted.test' : '127.0.0.1';
    client.write(
      `POST ${route.lineToNowhere} HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    );
    await client.until(/\r\n\r\n.+/s);
    const [response, ...rest] = parseResponses(client.received);
    expect(rest).toEqual([]);
    const label = route.serverOfGarbage({ server, authority: '' });
    await expectFailure(response, sidecar, { server: label, ...route.refusesNowhere });
  });

  it('a reply that comes before the body was sent reaches the client', async () => {
    const { sidecar, open, head } = await startRelay(
      (_, response) => response.writeHead(413, { Connection: 'close' }).end('too much'),
      { recordBodies: false },
    );
    const client = await open(route);
    client.write(`${head(route, 'POST', '/')}Content-Length: 100000000\r\n\r\n` + 'x'.repeat(100_000));
    await client.until('too much');
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    await poll(async () => (await openCounts(sidecar)).connections === 0);
  });

  it('a reply that comes while the body is still being sent reaches the client, which may send on', async () => {
    const { open, head } = await startRelay(
      (request, response) => {
        request.once('data', () => {
          response.end('early');
          request.resume();
        });
      },
      { recordBodies: false },
    );
    const client = await open(route);
    const half = 'x'.repeat(50_000);
    client.write(`${head(route, 'POST', '/')}Content-Length: 100000\r\n\r\n` + half);
    await client.until('early');
    client.write(half + `${head(route, 'POST', '/')}Content-Length: 1\r\n\r\n` + 'x');
    await poll(() => parseResponses(client.received).length === 2);
    expect(parseResponses(client.received).map(({ status, body }) => [status, body])).toEqual([
      [200, 'early'],
      [200, 'early'],
    ]);
  });

  it('chunks go up as they come, before the body is whole', async () => {
    const { open, head, upstream } = await startRelay((request, response) => {
      request.on('end', () => response.end('done'));
    });
    const client = await open(route);
    client.write(`${head(route, 'POST', '/')}Transfer-Encoding: chunked\r\n\r\n`);
    let body = '';
    for (const part of ['one', 'two', 'three']) {
      client.write(`${part.length.toString(16)};ext=1\r\n${part}\r\n`);
      body += part;
      await poll(() => upstream.requests[0]?.body === body);
    }
    client.write('0\r\nX-Trailer: dropped\r\n\r\n');
    await client.until('done');
    expect(upstream.requests[0]?.headers['transfer-encoding']).toBe('chunked');
  });

  it.each(['GET', 'DELETE', 'POST', 'PUT', 'QUERY'])(
    '%s may have a body, and an empty one stays empty',
    async (method) => {
      const { open, head, upstream } = await startRelay((request, response) => {
        request.on('end', () => response.end('done'));
      });
      const line = head(route, method, '/');
      for (const [fields, body] of [
        ['Content-Length: 2\r\n', 'hi'],
        ['Content-Length: 0\r\n', ''],
        ['Transfer-Encoding: chunked\r\n', ''],
      ] as const) {
        const client = await open(route);
        const bytes = fields.startsWith('T') ? '0\r\n\r\n' : body;
        client.write(`${line}${fields}\r\n${bytes}`);
        await client.until('done');
        expect(upstream.requests.at(-1)).toMatchObject({ method, body });
      }
    },
  );
});

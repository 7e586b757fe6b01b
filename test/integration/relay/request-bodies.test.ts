import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { openClient } from './raw-client.ts';
import { openCounts, routeNames, startRelay } from './relay-setup.ts';

const head = (target: string, fields: string) =>
  `POST ${target} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;

describe.each(routeNames)('on the %s route', (route) => {
  it('a client that expects 100 Continue gets it from here, and the server sees no Expect', async () => {
    const { sidecar, target, upstream } = await startRelay((request, response) => {
      request.on('end', () => response.end('done'));
    });
    const client = openClient(sidecar.proxy);
    client.write(head(target(route, '/'), 'Expect: 100-continue\r\nContent-Length: 5\r\n'));
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hello');
    await client.until('done');
    expect(parseResponses(client.received).map(({ status }) => status)).toEqual([100, 200]);
    expect(upstream.requests[0]).toMatchObject({ body: 'hello' });
    expect(upstream.requests[0]?.headers).not.toHaveProperty('expect');
  });

  it('a denied request that expects 100 Continue gets its final status at once, without it', async () => {
    const { sidecar } = await startRelay((_, response) => response.end());
    const client = openClient(sidecar.proxy);
    const denied = route === 'base URL' ? '/no_such_server/mcp' : 'http://unlisted.test/mcp';
    client.write(head(denied, 'Expect: 100-continue\r\nContent-Length: 5\r\n'));
    await client.until(/\r\n\r\n.+/s);
    const [response, ...rest] = parseResponses(client.received);
    expect(rest).toEqual([]);
    const reason = route === 'base URL' ? 'server_unknown' : 'policy_denied';
    await expectFailure(response, sidecar, { server: 'unlisted', reason });
  });

  it('a reply that comes before the body was sent reaches the client', async () => {
    const { sidecar, target } = await startRelay(
      (_, response) => response.writeHead(413, { Connection: 'close' }).end('too much'),
      { recordBodies: false },
    );
    const client = openClient(sidecar.proxy);
    client.write(head(target(route, '/'), 'Content-Length: 100000000\r\n') + 'x'.repeat(100_000));
    await client.until('too much');
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
    await poll(async () => (await openCounts(sidecar)).connections === 0);
  });

  it('a reply that comes while the body is still being sent reaches the client, which may send on', async () => {
    const { sidecar, target } = await startRelay(
      (request, response) => {
        request.once('data', () => {
          response.end('early');
          request.resume();
        });
      },
      { recordBodies: false },
    );
    const client = openClient(sidecar.proxy);
    const half = 'x'.repeat(50_000);
    client.write(head(target(route, '/'), 'Content-Length: 100000\r\n') + half);
    await client.until('early');
    client.write(half + head(target(route, '/'), 'Content-Length: 1\r\n') + 'x');
    await poll(() => parseResponses(client.received).length === 2);
    expect(parseResponses(client.received).map(({ status, body }) => [status, body])).toEqual([
      [200, 'early'],
      [200, 'early'],
    ]);
  });

  it('chunks go up as they come, before the body is whole', async () => {
    const { sidecar, target, upstream } = await startRelay((request, response) => {
      request.on('end', () => response.end('done'));
    });
    const client = openClient(sidecar.proxy);
    client.write(head(target(route, '/'), 'Transfer-Encoding: chunked\r\n'));
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
      const { sidecar, target, upstream } = await startRelay((request, response) => {
        request.on('end', () => response.end('done'));
      });
      const line = `${method} ${target(route, '/')} HTTP/1.1\r\nHost: localhost\r\n`;
      for (const [fields, body] of [
        ['Content-Length: 2\r\n', 'hi'],
        ['Content-Length: 0\r\n', ''],
        ['Transfer-Encoding: chunked\r\n', ''],
      ] as const) {
        const client = openClient(sidecar.proxy);
        const bytes = fields.startsWith('T') ? '0\r\n\r\n' : body;
        client.write(`${line}${fields}\r\n${bytes}`);
        await client.until('done');
        expect(upstream.requests.at(-1)).toMatchObject({ method, body });
      }
    },
  );
});

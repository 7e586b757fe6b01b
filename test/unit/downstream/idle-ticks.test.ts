import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { PlainConnection } from '../../../src/downstream/plain-connection.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { listen } from '../../harness/listen.ts';
import { poll } from '../../harness/poll.ts';

const body = Buffer.alloc(16_000_000);

it('a client that has not read all of the last response does not count as idle', async () => {
  const server = createServer();
  const { port } = await listen(server);
  const client = connect(port, '127.0.0.1');
  cleanUp(() => client.destroy());
  const [socket] = (await once(server, 'connection')) as [Socket];
  const connection = new PlainConnection(socket, {
    maxHeadBytes: 65_536,
    keepAliveSeconds: 75,
    serve: (_request, _body, response) => {
      response.writeHead(200, 'OK', ['Content-Length', String(body.length)]);
      response.end(body);
      return Promise.resolve(true);
    },
    onBug: (error) => {
      throw error;
    },
    handOver: () => undefined,
  });
  expect([connection.hasServed, connection.tick(), connection.tick()]).toEqual([false, 1, 2]);
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await poll(() => connection.hasServed && connection.isIdle, { what: 'the response' });
  expect(socket.writableLength).toBeGreaterThan(0);
  expect([connection.tick(), connection.tick()]).toEqual([0, 0]);
  client.resume();
  await poll(() => socket.writableLength === 0, { what: 'the client to have read it' });
  expect([connection.tick(), connection.tick()]).toEqual([1, 2]);
});

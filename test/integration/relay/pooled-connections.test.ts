import { createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { listen } from '../../harness/listen.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import { ask } from '../../harness/ask.ts';
import { contextOf } from '../../harness/tls-upstream.ts';
import { leaf, openCounts, server, startRelay, startSidecarBefore } from './relay-setup.ts';

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server that keeps its TLS sockets for the test to do things with, and what each received. */
async function startHeld(onData: (socket: TLSSocket, connection: number, request: number) => void) {
  const sockets: TLSSocket[] = [];
  const received: string[][] = [];
  const secure = createServer(contextOf({}, leaf), (socket) => {
    const connection = sockets.push(socket);
    const requests: string[] = [];
    received.push(requests);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => onData(socket, connection, requests.push(chunk.toString('latin1'))));
  });
  const upstream = await listen(secure);
  return { upstream, sockets, received };
}

describe.each(routes)('on the route by $name', (route) => {
  it('requests one after the other go over one connection, from whichever client they come', async () => {
    const { sidecar, target, upstream } = await startRelay((_, response) => response.end('ok'));
    for (let index = 0; index < 5; index++)
      expect((await ask(sidecar.proxy, target(route, '/'), { body: 'x' })).status).toBe(200);
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 1, 1, 1, 1]);
    expect(await openCounts(sidecar)).toEqual({ streams: 0, connections: 1 });
  });

  it.each(['', 'body'])(
    'a pooled connection that the server has just closed costs no request (body: %j)',
    async (body) => {
      const { upstream, sockets, received } = await startHeld((socket) => socket.write(answer));
      const { sidecar, target } = await startSidecarBefore(upstream);
      for (let round = 1; round <= 10; round++) {
        expect((await ask(sidecar.proxy, target(route, '/'), { method: 'POST', body })).status).toBe(200);
        // The FIN races with the next request: at times it is known of before, at times only on sending.
        sockets.at(-1)?.end();
        if (round % 2 === 0) await poll(async () => (await openCounts(sidecar)).connections === 0);
      }
      expect(received.map((requests) => requests.length)).toEqual(received.map(() => 1));
      expect(await sidecar.metric('mcp_tls_sidecar_failures_total', { server })).toBeUndefined();
    },
  );

  it('a request of which bytes were written is not sent again', async () => {
    const { upstream, received } = await startHeld((socket, _, request) => {
      // The second request on a connection is swallowed.
      if (request === 1) socket.write(answer);
      else socket.end();
    });
    const { sidecar, target } = await startSidecarBefore(upstream);
    expect((await ask(sidecar.proxy, target(route, '/'), { body: 'one' })).status).toBe(200);
    const second = await ask(sidecar.proxy, target(route, '/'), { body: 'two' });
    await expectFailure({ ...second, headers: { get: second.header } }, sidecar, {
      server,
      reason: 'connection_lost',
    });
    expect(received.flat().filter((text) => text.includes('two'))).toHaveLength(1);
    expect(received).toHaveLength(1);
  });

  it('bytes that nobody asked for end a pooled connection, and are no answer to the next request', async () => {
    const { upstream, sockets } = await startHeld((socket) => socket.write(answer));
    const { sidecar, target } = await startSidecarBefore(upstream);
    expect((await ask(sidecar.proxy, target(route, '/'))).body).toBe('ok');
    sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await poll(async () => (await openCounts(sidecar)).connections === 0);
    expect((await ask(sidecar.proxy, target(route, '/'))).body).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'TLS sessions are resumed where the policy verifies (%s)',
    async (version) => {
      const { sidecar, target, upstream } = await startRelay((_, response) => response.end('ok'), {
        tls: { minVersion: version, maxVersion: version },
      });
      for (let index = 0; index < 3; index++) {
        await ask(sidecar.proxy, target(route, '/'), { body: 'x' });
        upstream.server.closeAllConnections();
        await poll(async () => (await openCounts(sidecar)).connections === 0);
      }
      expect(upstream.requests.map(({ resumed }) => resumed)).toEqual([false, true, true]);
      expect(
        await sidecar.metric('mcp_tls_sidecar_upstream_handshakes_total', { server, resumed: 'true' }),
      ).toBe(2);
    },
  );

  it('TLS sessions are never resumed where the policy does not verify', async () => {
    const upstream = (await startRelay((_, response) => response.end('ok'))).upstream;
    const { sidecar, target } = await startSidecarBefore(upstream, { ssl_verify: false });
    for (let index = 0; index < 3; index++) {
      await ask(sidecar.proxy, target(route, '/'), { body: 'x' });
      upstream.server.closeAllConnections();
      await poll(async () => (await openCounts(sidecar)).connections === 0);
    }
    expect(upstream.requests.map(({ resumed }) => resumed)).toEqual([false, false, false]);
  });

  it.each(['NTLM', 'Negotiate'])(
    'a connection that saw %s serves one client connection only',
    async (scheme) => {
      const { sidecar, target, open, head, upstream } = await startRelay((request, response) => {
        const { authorization } = request.headers;
        if (authorization !== undefined) response.end('in');
        else response.writeHead(401, { 'WWW-Authenticate': scheme }).end('out');
      });
      const [first, second] = [await open(route), await open(route)];
      const post = (path: string, fields = '') =>
        `${head(route, 'POST', path)}${fields}Content-Length: 1\r\n\r\nx`;
      // The server asks, the client answers in two steps, as NTLM does.
      first.write(post('/a'));
      await first.until('out');
      for (const token of ['one', 'two']) {
        first.write(post(`/${token}`, `Authorization: ${scheme} ${token}\r\n`));
        await poll(() => first.received.split('in').length > (token === 'one' ? 1 : 2));
      }
      second.write(post('/b'));
      await second.until('out');
      first.write(post('/c'));
      await poll(() => upstream.requests.length === 5);
      const of = (url: string) => upstream.requests.find((request) => request.url === url)?.connection;
      expect(of('/one')).toBe(of('/two'));
      expect(of('/c')).toBe(of('/one'));
      expect(of('/b')).not.toBe(of('/one'));
      // When the client goes, so does what it authenticated.
      first.leave();
      await poll(() => upstream.requests.length === 5);
      const third = await ask(sidecar.proxy, target(route, '/d'), { body: 'x' });
      expect(third.status).toBe(401);
      expect(of('/d')).not.toBe(of('/one'));
    },
  );
});

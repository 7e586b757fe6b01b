import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { poll } from '../../harness/poll.ts';
import { ask, openRequest } from '../../harness/ask.ts';
import { routes, type Named, type RouteUnderTest } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue('mcp.test');

const startFor = (port: number, settings: Record<string, unknown> = {}) =>
  startInProcess({
    config: configText({ dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: root.pem } }, settings),
  });

describe.each(routes)('on the route by $name', (route) => {
  const { target } = route;
  const named = (port: number) => ({ server: 'dev', authority: `mcp.test:${port}` });
  const targetAt = (port: number) => target(named(port), '/mcp');

  it('a server that does not answer is response_timeout after timeouts.response', async () => {
    const upstream = await startUpstream({ leaf, handler: () => undefined });
    const sidecar = await startFor(upstream.port, { timeouts: { response: '300ms' } });
    const startedMs = performance.now();
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(290);
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_timeout' });
    await poll(() => upstream.requests[0]?.cancelled, { what: 'the cancelled request' });
  });

  it('timeouts.response ends with the head: a body may take longer', async () => {
    const handler: Handler = (_, response) => {
      response.write('begun ');
      setTimeout(() => response.end('done'), 500);
    };
    const upstream = await startUpstream({ leaf, handler });
    const sidecar = await startFor(upstream.port, { timeouts: { response: '300ms' } });
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    expect(answer).toMatchObject({ status: 200, body: 'begun done', complete: true });
  });

  const malformed: Readonly<Record<string, string>> = {
    'no HTTP at all': 'SSH-2.0-OpenSSH_9.9\r\n\r\n',
    'a status that is no number': 'HTTP/1.1 2xx OK\r\nContent-Length: 0\r\n\r\n',
    'Content-Length and Transfer-Encoding':
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\nabc',
    'NUL in a header': 'HTTP/1.1 200 OK\r\nX-Bad: a\0b\r\nContent-Length: 0\r\n\r\n',
    'a space before a colon': 'HTTP/1.1 200 OK\r\nX-Bad : a\r\nContent-Length: 0\r\n\r\n',
    'a header without a colon': 'HTTP/1.1 200 OK\r\nbad\r\nContent-Length: 0\r\n\r\n',
    'a bare CR in a header': 'HTTP/1.1 200 OK\r\nX-Bad: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n',
    'a header beyond limits.header_bytes': `HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(70_000)}\r\n\r\n`,
    'headers beyond limits.header_bytes': `HTTP/1.1 200 OK\r\n${'X-Many: some value\r\n'.repeat(5_000)}\r\n`,
    '101 that nobody asked for':
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n',
  };
  it.each(Object.entries(malformed))('%s is response_malformed', async (_, bytes) => {
    const upstream = await startRawUpstream({ leaf, onConnection: answerWith(bytes) });
    const sidecar = await startFor(upstream.port);
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_malformed' });
    expect(JSON.parse(answer.body)).toMatchObject({ reason: 'response_malformed', phase: 'response' });
  });

  it('a chunk that is none ends the body short and is response_malformed', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\nnonsense\r\n';
    const upstream = await startRawUpstream({ leaf, onConnection: answerWith(bytes) });
    const sidecar = await startFor(upstream.port);
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    expect(answer).toMatchObject({ status: 200, body: 'first', complete: false });
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'response_malformed' });
  });

  const partial = {
    'a length that is not reached': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
    'chunks without the last': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'the last chunk of a connection that closes':
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'the length of a connection that closes':
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf',
    'half a chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf',
  };
  const endings = { close: (s: TLSSocket) => s.end(), destroy: (s: TLSSocket) => s.destroy() };
  const broken = Object.entries(partial).flatMap(([what, bytes]) =>
    Object.entries(endings).map(([how, end]) => ({ what, bytes, how, end })),
  );
  it.each(broken)('$what before the $how is response_incomplete, and visible', async ({ bytes, end }) => {
    const upstream = await startRawUpstream({
      leaf,
      onConnection: (socket) => {
        socket.once('data', () => socket.write(bytes));
        // Not before the client has what was there.
        void poll(() => received.includes('half')).then(() => end(socket));
      },
    });
    const sidecar = await startFor(upstream.port);
    let received = '';
    const outgoing = await openRequest(sidecar.proxy, targetAt(upstream.port));
    const complete = await new Promise<boolean>((resolve, reject) => {
      outgoing.once('error', reject).once('response', (response) => {
        response.on('data', (chunk: Buffer) => (received += chunk.toString())).on('error', () => undefined);
        response.once('close', () => resolve(response.complete));
      });
      outgoing.end();
    });
    expect({ received, complete }).toEqual({ received: 'half', complete: false });
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'response_incomplete' });
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'dev', code: '200' })).toBe(1);
  });

  it('an answer to HTTP/1.0 that breaks off ends with a reset, for there is no other sign', async () => {
    const upstream = await startRawUpstream({
      leaf,
      onConnection: (socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
          setTimeout(() => socket.destroy(), 50);
        });
      },
    });
    const sidecar = await startFor(upstream.port);
    const error = await failingHttp10(route, sidecar.proxy, named(upstream.port));
    expect(error).toBe('ECONNRESET');
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'response_incomplete' });
  });

  it.each([false, true])('a client that leaves is downstream_aborted (answer begun: %s)', async (begun) => {
    const handler: Handler = (_, response) => begun && response.write('data');
    const upstream = await startUpstream({ leaf, handler });
    const sidecar = await startFor(upstream.port);
    const leaving = await openRequest(sidecar.proxy, targetAt(upstream.port));
    leaving
      .on('error', () => undefined)
      .on('response', (response) => {
        response.on('error', () => undefined).once('data', () => leaving.destroy());
      });
    leaving.end();
    if (!begun) await poll(() => upstream.requests.length === 1).then(() => leaving.destroy());
    await poll(() => upstream.requests[0]?.cancelled, { timeoutMs: 1_000, what: 'cancelled within 1 s' });
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'downstream_aborted' });
    const code = begun ? '200' : 'aborted';
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'dev', code })).toBe(1);
    // It is no fault that anybody could mend.
    expect(sidecar.logs.find(({ reason }) => reason === 'downstream_aborted')?.['level']).toBe('info');
    expect(await sidecar.metric('mcp_tls_sidecar_open_streams', { server: 'dev' })).toBe(0);
  });
});

const answerWith = (bytes: string) => (socket: TLSSocket) => {
  socket.once('data', () => socket.end(bytes));
};

/** The error code with which a connection ended; undefined for an orderly end. */
async function failingHttp10(
  route: RouteUnderTest,
  proxy: string,
  named: Named,
): Promise<string | undefined> {
  const { socket } = await route.connect(proxy, named);
  socket.resume().write(`GET ${route.line(named, '/mcp')} HTTP/1.0\r\nHost: ${route.host(named)}\r\n\r\n`);
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once('end', () => resolve(undefined));
  });
}

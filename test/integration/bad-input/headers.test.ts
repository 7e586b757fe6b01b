import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue('mcp.test');
const configFor = (port: number) =>
  configText({ dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: root.pem } });

describe.each(routes)('on the route by $name', (route) => {
  const { target } = route;
  async function send(lines: readonly string[], body = '') {
    const upstream = await startUpstream({ leaf });
    const sidecar = await startInProcess({ config: configFor(upstream.port) });
    const named = { server: 'dev', authority: `mcp.test:${upstream.port}` };
    const start = [`POST ${route.line(named, '/mcp')} HTTP/1.1`, `Host: ${route.host(named)}`];
    const head = [...start, ...lines].join('\r\n');
    const { socket } = await route.connect(sidecar.proxy, named);
    const received = await sendRaw({
      socket,
      bytes: `${head}\r\n\r\n${body}`,
      until: (text) => text.includes('{"ok":true}'),
    });
    expect(parseResponses(received).map(({ status }) => status)).toEqual([200]);
    expect(upstream.requests).toHaveLength(1);
    const [request] = upstream.requests;
    if (request === undefined) throw new Error('no request');
    return { request, authority: named.authority };
  }

  it('ends every hop-by-hop header of a request, and those that Connection names', async () => {
    const { request, authority } = await send(
      [
        'Connection: keep-alive, X-Named , x-OTHER,,close-not',
        'Connection: x-third',
        'X-Named: 1',
        'x-other: 2',
        'X-Third: 3',
        'Close-Not: 4',
        'Keep-Alive: timeout=5',
        'TE: trailers',
        'Trailer: X-Trailer',
        'Proxy-Authorization: Basic c2VjcmV0',
        'Proxy-Connection: keep-alive',
        'Proxy-Anything: 5',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        'X-Forwarded-For: 203.0.113.1',
        'X-Passes: 6',
        'Content-Length: 4',
      ],
      'body',
    );
    expect(Object.keys(request.headers).sort()).toEqual(
      ['content-length', 'host', 'via', 'x-forwarded-for', 'x-passes'].sort(),
    );
    expect(request.headers.host).toBe(authority);
    expect(request.headers.via).toMatch(/^1\.1 mcp-tls-sidecar-[0-9a-f]+$/);
    expect(request.body).toBe('body');
  });

  it('keeps the length of a body that Connection names', async () => {
    const { request } = await send(['Connection: content-length, host', 'Content-Length: 4'], 'body');
    expect(request.body).toBe('body');
  });

  it('does not pass on an upgrade to h2c, and serves the request', async () => {
    const { request } = await send(
      [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
        'Content-Length: 4',
      ],
      'body',
    );
    expect(request.headers).not.toHaveProperty('upgrade');
    expect(request.headers).not.toHaveProperty('http2-settings');
    expect(request.body).toBe('body');
  });

  it('does not pass on an upgrade to anything unknown', async () => {
    const { request } = await send(['Connection: upgrade', 'Upgrade: TLS/1.2, IRC/6.9', 'Content-Length: 0']);
    expect(request.headers).not.toHaveProperty('upgrade');
  });

  it('passes on the order, the case and the duplicates of all others', async () => {
    const lines = ['X-B: 1', 'x-a: 2', 'X-B: 3', 'Cookie: a=1', 'Cookie: b=2', 'Mcp-Session-Id: caf\xe9'];
    const { request } = await send([...lines, 'Content-Length: 0']);
    const passed = request.rawHeaders.filter(
      (_, i) => i % 2 === 0 && /^(x-|cookie|mcp)/i.test(request.rawHeaders[i] ?? ''),
    );
    expect(passed).toEqual(['X-B', 'x-a', 'X-B', 'Cookie', 'Cookie', 'Mcp-Session-Id']);
  });

  it('ends the hop-by-hop headers of a response, and what would lead clients past the sidecar', async () => {
    const upstream = await startRawUpstream({
      leaf,
      onConnection: (socket) =>
        socket.once('data', () =>
          socket.write(
            [
              'HTTP/1.1 200 OK',
              'Connection: X-Named, keep-alive',
              'X-Named: 1',
              'Keep-Alive: timeout=5',
              'Upgrade: h2c',
              'Proxy-Authenticate: Basic realm="x"',
              'Proxy-Status: spoofed; error=tls_certificate_error',
              'Strict-Transport-Security: max-age=31536000',
              'Alt-Svc: h3=":443"',
              'Via: 1.1 inner',
              'X-Passes: 2',
              'x-passes: 3',
              'Content-Length: 4',
              '',
              'body',
            ].join('\r\n'),
          ),
        ),
    });
    const sidecar = await startInProcess({ config: configFor(upstream.port) });
    const named = { server: 'dev', authority: `mcp.test:${upstream.port}` };
    const answer = await ask(sidecar.proxy, target(named, '/mcp'));
    expect(answer).toMatchObject({ status: 200, body: 'body' });
    const names = answer.rawHeaders.filter((_, index) => index % 2 === 0);
    // The two last are node:http's to this client, about this connection.
    expect(names.filter((name) => !/^(connection|keep-alive)$/i.test(name))).toEqual([
      'Via',
      'X-Passes',
      'x-passes',
      'Content-Length',
      'Via',
    ]);
    expect(answer.header('keep-alive')).not.toBe('timeout=5');
    expect(answer.header('via')).toMatch(/^1\.1 inner, 1\.1 mcp-tls-sidecar-[0-9a-f]+$/);
  });
});

import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue(['mcp.test', 'xn--bcher-kva.test', '::1', '127.0.0.1']);

async function startPair(host = 'mcp.test', handler?: Handler, bind = '127.0.0.1') {
  const upstream = await startUpstream({ leaf, host: bind, ...(handler && { handler }) });
  const authority = `${host}:${upstream.port}`;
  const sidecar = await startInProcess({
    config: configText({ dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } }),
  });
  return { upstream, sidecar, authority, port: Number(new URL(sidecar.proxyUrl).port) };
}

describe.each(routes)('on the route by $name', (route) => {
  const { target } = route;
  const startOf = (method: string, authority: string, path: string, version = '1.1') => {
    const named = { server: 'dev', authority };
    return `${method} ${route.line(named, path)} HTTP/${version}\r\nHost: ${route.host(named)}\r\n`;
  };
  const connect = async (proxy: string, authority: string) =>
    (await route.connect(proxy, { server: 'dev', authority })).socket;
  it('reaches a server at an IPv6 literal', async () => {
    const { upstream, sidecar, authority } = await startPair('[::1]', undefined, '::1');
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    expect(answer.status).toBe(200);
    expect(upstream.requests).toMatchObject([{ headers: { host: authority } }]);
    // RFC 6066, section 3: no literals in SNI.
    expect(upstream.requests[0]?.serverName).toBeUndefined();
  });

  it('reaches a server whose url has an IDN', async () => {
    const { upstream, sidecar } = await startPair('bücher.test');
    const authority = `xn--bcher-kva.test:${upstream.port}`;
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    expect(answer.status).toBe(200);
    expect(upstream.requests).toMatchObject([
      { headers: { host: authority }, serverName: 'xn--bcher-kva.test' },
    ]);
  });

  /** Answers later what comes first, if the order were not kept. */
  const slowFirst: Handler = (request, response) => {
    const delayMs = request.url?.endsWith('1') === true ? 100 : 0;
    setTimeout(() => response.end(request.url), delayMs);
  };

  it('answers pipelined requests in their order, one after the other', async () => {
    const { upstream, sidecar, authority } = await startPair('mcp.test', slowFirst);
    const bytes = ['/1', '/2', '/3'].map((path) => `${startOf('GET', authority, path)}\r\n`);
    const received = await sendRaw({
      socket: await connect(sidecar.proxy, authority),
      bytes: bytes.join(''),
      until: (text) => text.split('HTTP/1.1 200').length > 3 && text.includes('/3'),
    });
    expect(parseResponses(received).map(({ body }) => body)).toEqual(['/1', '/2', '/3']);
    expect(upstream.requests.map(({ url, connection }) => [url, connection])).toEqual([
      ['/1', 1],
      ['/2', 1],
      ['/3', 1],
    ]);
  });

  it('answers request after request on a kept connection', async () => {
    const { upstream, sidecar, authority } = await startPair('mcp.test', slowFirst);
    const socket = await connect(sidecar.proxy, authority);
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    for (const path of ['/a', '/b', '/c']) {
      socket.write(`${startOf('POST', authority, path)}Content-Length: 4\r\n\r\nbody`);
      await poll(() => received.includes(path) && parseResponses(received).at(-1)?.body === path);
    }
    expect(upstream.requests.map(({ body }) => body)).toEqual(['body', 'body', 'body']);
    expect(upstream.connections).toBe(1);
  });

  it('serves a client of HTTP/1.0, without chunks and with a close', async () => {
    const streaming: Handler = (_, response) => {
      response.write('first ');
      setTimeout(() => response.end('last'), 20);
    };
    const { authority, sidecar } = await startPair('mcp.test', streaming);
    const bytes = startOf('GET', authority, '/mcp', '1.0').replace(/Host: .*\r\n/, '\r\n');
    const socket = await connect(sidecar.proxy, authority);
    const received = (await sendRaw({ socket, bytes })).toString();
    expect(received).not.toMatch(/transfer-encoding/i);
    expect(parseResponses(received)).toMatchObject([{ status: 200, body: 'first last' }]);
  });

  const methods = ['OPTIONS', 'PATCH', 'DELETE', 'PROPFIND', 'M-SEARCH', 'QUERY', 'TRACE'];
  it.each(methods)('passes on the method %s', async (method) => {
    const { upstream, authority, sidecar } = await startPair();
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'), { method });
    expect(answer.status).toBe(200);
    expect(upstream.requests).toMatchObject([{ method, url: '/mcp' }]);
  });

  const paths = [
    '/mcp?token=a&b=%20%2F%00',
    '/mcp//double///slashes',
    '/a/../b/./c',
    '/%2e%2e/x',
    "/mcp;v=1,2/:@!$&'()*+=~",
    '/a|b"<>^`{}\\',
    '/?',
    '/mcp?a#'.slice(0, -1),
  ];
  it.each(paths)('passes on the target %s as it is', async (path) => {
    const { upstream, authority, sidecar } = await startPair();
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, path));
    expect(answer.status).toBe(200);
    expect(upstream.requests.map(({ url }) => url)).toEqual([path]);
  });

  it('refuses a method that is none of HTTP, and keeps going', async () => {
    const { upstream, authority, sidecar } = await startPair();
    const bytes = `${startOf('BREW', authority, '/mcp')}\r\n`;
    const socket = await connect(sidecar.proxy, authority);
    // llhttp knows a closed list of methods.
    expect(parseResponses(await sendRaw({ socket, bytes }))).toMatchObject([{ status: 400 }]);
    expect(upstream.requests).toEqual([]);
    expect((await ask(sidecar.proxy, '/dev/mcp')).status).toBe(200);
  });
});

const spellings = ['MCP.TEST', 'mcp.test.', 'Mcp.Test.', 'ｍｃｐ.test', 'mcp。test', 'mcp%2Etest'];
it.each(spellings)(
  'finds the entry of %s in absolute form, and says its normal name upstream',
  async (host) => {
    const { upstream, sidecar, port } = await startPair();
    const bytes = Buffer.from(
      `GET http://${host}:${upstream.port}/mcp HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    const [answer] = parseResponses(await sendRaw({ port, bytes }));
    // Octets beyond ASCII are no target (RFC 3986), and escapes no host.
    const isPlain = /^[\w.]+$/.test(host);
    expect(answer?.status).toBe(isPlain ? 200 : 400);
    expect(upstream.requests).toMatchObject(
      isPlain ? [{ headers: { host: `mcp.test:${upstream.port}` }, serverName: 'mcp.test' }] : [],
    );
    expect((await ask(sidecar.proxy, '/dev/mcp')).status).toBe(200);
  },
);

it('finds the only listed port of a host where the URL has none', async () => {
  const { upstream, sidecar } = await startPair();
  for (const written of ['http://mcp.test/mcp', 'http://mcp.test:80/mcp', 'http://mcp.test:9999/mcp'])
    expect((await ask(sidecar.proxy, written)).status).toBe(200);
  expect(upstream.requests.map(({ headers }) => headers.host)).toEqual(
    Array(3).fill(`mcp.test:${upstream.port}`),
  );
});

it.each([
  ['/dev', '/mcp'],
  ['/dev?a=1', '/mcp?a=1'],
  ['/dev/', '/'],
  ['/dev/mcp?x=%2e', '/mcp?x=%2e'],
  ['/.well-known/oauth-protected-resource/dev/mcp', '/.well-known/oauth-protected-resource/mcp'],
  ['/.well-known/oauth-authorization-server/dev', '/.well-known/oauth-authorization-server'],
])('the base URL %s is %s of the server', async (path, expected) => {
  const { upstream, sidecar } = await startPair();
  expect((await ask(sidecar.proxy, path)).status).toBe(200);
  expect(upstream.requests.map(({ url }) => url)).toEqual([expected]);
});

it('a well-known path of no server is 404, on which clients fall back', async () => {
  const { upstream, sidecar } = await startPair();
  const answer = await ask(sidecar.proxy, '/.well-known/oauth-authorization-server');
  expect(answer.status).toBe(404);
  expect(answer.header('proxy-status')).toBeNull();
  expect(upstream.requests).toEqual([]);
});

import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseResponses } from '../../harness/parse-responses.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import { ask } from '../../harness/ask.ts';
import { leaf, startRelay, startSidecarBefore, type RelayUnderTest } from './relay-setup.ts';

/** Answers every request with the same bytes. */
async function startFixed(bytes: string | Buffer): Promise<RelayUnderTest & { requests: string[] }> {
  const requests: string[] = [];
  const upstream = await startRawUpstream({
    leaf,
    onConnection: (socket) =>
      socket.on('data', (chunk) => {
        requests.push(chunk.toString('latin1'));
        socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      }),
  });
  return { ...(await startSidecarBefore(upstream)), requests };
}

/** Sends a request line and headers as they are, and returns what came back up to an end. */
async function sendAsIs(
  { open, head }: RelayUnderTest,
  {
    route,
    method = 'GET',
    path = '/',
    fields = '',
    until,
    version = '1.1',
  }: {
    route: RouteUnderTest;
    method?: string;
    path?: string;
    fields?: string;
    until: (text: string) => boolean;
    version?: string;
  },
): Promise<string> {
  const bytes = `${head(route, method, path, version)}${fields}\r\n`;
  const { socket } = await open(route);
  return (await sendRaw({ socket, bytes: Buffer.from(bytes, 'latin1'), until })).toString('latin1');
}

const headEnds = (text: string) => text.includes('\r\n\r\n');

describe.each(routes)('on the route by $name', (route) => {
  it('the order, case and duplicates of response headers are kept', async () => {
    const fields =
      'X-B: 1\r\nSet-Cookie: a=1\r\nx-a: 2\r\nSet-Cookie: b=2\r\nX-B: 3\r\nMCP-Session-Id: s\r\nDate: then\r\n';
    const relay = await startFixed(`HTTP/1.1 200 Very OK\r\n${fields}Content-Length: 2\r\n\r\nhi`);
    const text = await sendAsIs(relay, { route, until: (t) => t.endsWith('hi') });
    expect(text).toMatch(/^HTTP\/1\.1 200 Very OK\r\n/);
    expect(text).toContain(`\r\n${fields}Content-Length: 2\r\n`);
  });

  it('the order, case and duplicates of request headers are kept', async () => {
    const relay = await startFixed('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const fields =
      'X-B: 1\r\nCookie: a\r\nx-a: 2\r\nX-B: 3\r\nAuthorization: Bearer t\r\nMcp-Session-Id: s\r\n';
    await sendAsIs(relay, { route, fields, until: headEnds });
    expect(relay.requests[0]).toContain(`\r\n${fields}`);
  });

  it('header bytes beyond ASCII are kept, in both directions, with a body and without', async () => {
    const odd = Buffer.from(Array.from({ length: 128 }, (_, index) => index + 128)).toString('latin1');
    for (const body of ['', 'body']) {
      const relay = await startFixed(
        `HTTP/1.1 200 OK\r\nX-Odd: ${odd}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const text = await sendAsIs(relay, {
        route,

        fields: `X-Odd: ${odd}\r\n`,
        until: (t) => t.endsWith(`\r\n\r\n${body}`),
      });
      expect(text).toContain(`\r\nX-Odd: ${odd}\r\n`);
      expect(relay.requests[0]).toContain(`\r\nX-Odd: ${odd}\r\n`);
    }
  });

  it('header bytes beyond ASCII are kept where the head comes long before the body', async () => {
    const relay = await startFixed('HTTP/1.1 200 OK\r\nX-Odd: caf\xe9\r\nContent-Length: 4\r\n\r\n');
    expect(await sendAsIs(relay, { route, until: headEnds })).toContain('\r\nX-Odd: caf\xe9\r\n');
  });

  it('a compressed body passes as the bytes it is', async () => {
    const zipped = gzipSync('x'.repeat(10_000));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\n\r\n`;
    const relay = await startFixed(Buffer.concat([Buffer.from(head), zipped]));
    const fields = 'Accept-Encoding: gzip, br\r\n';
    const text = await sendAsIs(relay, {
      route,
      fields,
      until: (t) => t.endsWith(zipped.toString('latin1')),
    });
    expect(text).toContain('\r\nContent-Encoding: gzip\r\n');
    const body = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
    expect(gunzipSync(body).toString()).toBe('x'.repeat(10_000));
    expect(relay.requests[0]).toContain(`\r\n${fields}`);
  });

  it('a compressed request body passes as the bytes it is', async () => {
    const bodies: Buffer[] = [];
    const relay = await startRelay((request, response) => {
      request
        .on('data', (chunk: Buffer) => bodies.push(chunk))
        .on('end', () => response.end(request.headers['content-encoding']));
    });
    const zipped = gzipSync('y'.repeat(1_000));
    const head = `${relay.head(route, 'POST', '/')}Content-Encoding: gzip\r\nContent-Length: ${zipped.length}\r\nConnection: close\r\n\r\n`;
    const { socket } = await relay.open(route);
    const [answer] = parseResponses(
      await sendRaw({ socket, bytes: Buffer.concat([Buffer.from(head), zipped]) }),
    );
    expect(answer?.body).toBe('gzip');
    expect(gunzipSync(Buffer.concat(bodies)).toString()).toBe('y'.repeat(1_000));
  });

  it('trailers pass, duplicates and odd bytes too', async () => {
    const trailers = 'X-Sum: 1\r\nx-sum: 2\r\nX-Odd: caf\xe9\r\n';
    const relay = await startFixed(
      `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`,
    );
    const text = await sendAsIs(relay, { route, until: (t) => /\r\n0\r\n[^]*\r\n\r\n$/.test(t) });
    expect(text).toContain('\r\nTrailer: X-Sum\r\n');
    expect(text.endsWith(`\r\n3\r\nabc\r\n0\r\n${trailers}\r\n`)).toBe(true);
  });

  it('a Trailer header where no trailers can follow does no harm', async () => {
    const relay = await startFixed('HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nhi');
    const text = await sendAsIs(relay, { route, until: (t) => t.endsWith('hi') });
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text.endsWith('hi')).toBe(true);
  });

  it('a client of HTTP/1.0 gets a chunked response with trailers as plain bytes', async () => {
    const relay = await startFixed(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    const text = await sendAsIs(relay, { route, version: '1.0', until: () => false });
    expect(text.endsWith('\r\n\r\nabc')).toBe(true);
    expect(text.toLowerCase()).not.toContain('transfer-encoding');
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n', 'Content-Length: 1234'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', ''],
    ['GET', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n', 'X-A: 1'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 77\r\n\r\n', 'Content-Length: 77'],
    ['POST', 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n', 'Content-Length: 0'],
    ['DELETE', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'Content-Length: 0'],
  ])('%s answered by %j has no body and keeps its headers', async (method, bytes, kept) => {
    const relay = await startFixed(bytes);
    const twice = `${relay.head(route, method, '/')}\r\n`.repeat(2);
    const { socket } = await relay.open(route);
    const text = (
      await sendRaw({ socket, bytes: twice, until: (t) => t.split('\r\n\r\n').length === 3 })
    ).toString();
    // Two heads and nothing else: the client is not left waiting for a body, nor is one invented.
    const [first = '', second, ...rest] = text.split('\r\n\r\n');
    expect(rest).toEqual(['']);
    expect(second).toBe(first);
    expect(`${first}\r\n`).toContain(kept);
    if (kept !== '' && !kept.startsWith('Content-Length')) expect(first).not.toContain('Content-Length');
    if (/^HTTP\/1.1 (204|304)/.test(first)) expect(first).not.toMatch(/transfer-encoding/i);
  });

  it('what concerns one connection only stays there', async () => {
    const relay = await startFixed(
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Authenticate: Basic\r\n' +
        'Strict-Transport-Security: max-age=1\r\nAlt-Svc: h3=":443"\r\nX-End: 1\r\nContent-Length: 0\r\n\r\n',
    );
    const fields =
      'Connection: X-Mine\r\nX-Mine: 1\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nUpgrade: h2c\r\nX-End: 1\r\n';
    const text = await sendAsIs(relay, { route, fields, until: headEnds });
    expect(text).toContain('\r\nX-End: 1\r\n');
    expect(text).not.toMatch(/x-hop|proxy-authenticate|strict-transport|alt-svc|timeout=5/i);
    expect(relay.requests[0]).toContain('\r\nX-End: 1\r\n');
    expect(relay.requests[0]).not.toMatch(/x-mine|proxy-|\bte:|upgrade|forwarded/i);
    expect(relay.requests[0]).toMatch(/\r\nhost: mcp\.test:\d+\r\n/i);
  });

  it('an early hint comes before its response', async () => {
    const relay = await startFixed(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    );
    const answers = parseResponses(await sendAsIs(relay, { route, until: (t) => t.endsWith('hi') }));
    expect(answers.map(({ status }) => status)).toEqual([103, 200]);
    expect(answers[0]?.header('link')).toBe('</a.css>; rel=preload, </b.css>; rel=preload');
  });

  it('an odd early hint does not spoil its response', async () => {
    const relay = await startFixed(
      'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
    );
    const answers = parseResponses(await sendAsIs(relay, { route, until: (t) => t.endsWith('hi') }));
    expect(answers.at(-1)).toMatchObject({ status: 200, body: 'hi' });
  });

  it('an unknown method, status and query pass as they are', async () => {
    const relay = await startRelay((request, response) =>
      response.writeHead(299, 'Odd').end(`${request.method} ${request.url}`),
    );
    const answer = await ask(relay.sidecar.proxy, relay.target(route, '/a%2Fb/../c//d?x=%00&y=[]|'), {
      method: 'PROPFIND',
    });
    expect(answer).toMatchObject({ status: 299, body: 'PROPFIND /a%2Fb/../c//d?x=%00&y=[]|' });
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

const root = createCa();
const leaf = root.issue('mcp.test');

const octets = (text: string) => text.match(/[^]/g) ?? [];

/** What a hostile server says; `OWN` is the port of the sidecar, `UPSTREAM` its own. */
async function startHostile(speak: (socket: TLSSocket, fill: (text: string) => string) => unknown) {
  let fill = (text: string) => text;
  const upstream = await startRawUpstream({
    leaf,
    onConnection: (socket) => socket.once('data', () => speak(socket, fill)),
  });
  const dev = { url: `https://mcp.test:${upstream.port}/mcp`, ssl_verify: root.pem };
  const other = { url: 'https://other.test/mcp', ssl_verify: root.pem };
  const sidecar = await startInProcess({
    config: configText({ dev, other }, { allowed_hosts: ['sidecar.corp.test'] }),
  });
  const { port } = new URL(sidecar.proxyUrl);
  fill = (text) => text.replaceAll('OWN', port).replaceAll('UPSTREAM', String(upstream.port));
  return { sidecar, fill };
}

describe('a Location', () => {
  const answerWith = (location: string) =>
    startHostile((socket, fill) =>
      socket.end(
        `HTTP/1.1 307 Temporary Redirect\r\nLocation: ${fill(location)}\r\nContent-Length: 0\r\n\r\n`,
      ),
    );

  const misleading = [
    'http://127.0.0.1:OWN/other/mcp',
    'http://localhost:OWN/other/mcp',
    'HTTP://LOCALHOST.:OWN/other/mcp',
    'http://[::1]:OWN/other/mcp',
    'http://[0:0:0:0:0:0:0:1]:OWN/other/mcp',
    'http://127.1:OWN/other/mcp',
    'http://127.0.0.2:OWN/other/mcp',
    'http://2130706433:OWN/other/mcp',
    'http://0x7f.1:OWN/other/mcp',
    'https://127.0.0.1:OWN/other/mcp',
    'http://user:secret@127.0.0.1:OWN/other/mcp',
    'http:127.0.0.1:OWN/other/mcp',
    'http:\\\\127.0.0.1:OWN\\other\\mcp',
    '//127.0.0.1:OWN/other/mcp',
    '\\\\127.0.0.1:OWN/other/mcp',
    '/\\127.0.0.1:OWN/other/mcp',
    '\t//127.0.0.1:OWN/other/mcp',
    '/\t/127.0.0.1:OWN/other/mcp',
    'http://127.0.0.1:0OWN/other/mcp',
    'http://%6cocalhost:OWN/other/mcp',
    'http://sidecar.corp.test:OWN/other/mcp',
    'http://[nonsense',
  ];
  it.each(misleading)('of %j is response_malformed', async (location) => {
    const { sidecar } = await answerWith(location);
    const answer = await ask(sidecar.proxy, '/dev/mcp');
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_malformed' });
    expect(answer.header('location')).toBeNull();
    expect(answer.body).not.toContain('/other');
  });

  const rewritten: readonly (readonly [string, string])[] = [
    ['/other/mcp', '/dev/other/mcp'],
    ['/dev/mcp', '/dev/dev/mcp'],
    ['../../other/mcp', '/dev/other/mcp'],
    ['/../other/mcp', '/dev/other/mcp'],
    ['%2e%2e/%2E./other/mcp', '/dev/other/mcp'],
    ['\\..\\other\\mcp', '/dev/other/mcp'],
    ['other/mcp', '/dev/other/mcp'],
    ['?session=1#part', '/dev/mcp?session=1#part'],
    ['https://mcp.test:UPSTREAM', '/dev/'],
    ['https://MCP.test:UPSTREAM/../other/mcp', '/dev/other/mcp'],
    ['https://user@mcp.test:UPSTREAM//127.0.0.1:OWN/other', '/dev//127.0.0.1:OWN/other'],
    ['//mcp.test:UPSTREAM/other/mcp', '/dev/other/mcp'],
  ];
  it.each(rewritten)('of %j becomes %j', async (location, expected) => {
    const { sidecar, fill } = await answerWith(location);
    const answer = await ask(sidecar.proxy, '/dev/mcp');
    expect(answer.status).toBe(307);
    expect(answer.header('location')).toBe(fill(expected));
    // Where a client ends up that follows it.
    const { pathname, origin } = new URL(answer.header('location') ?? '', `${sidecar.proxyUrl}/dev/mcp`);
    expect(origin).toBe(sidecar.proxyUrl);
    expect(pathname).toMatch(/^\/dev\//);
  });

  const elsewhere = [
    'https://login.test/authorize?state=1',
    'http://mcp.test:UPSTREAM/mcp',
    'https://mcp.test/mcp',
    'http://127.0.0.1:1/callback',
    'vscode://callback',
  ];
  it.each(elsewhere)('of %j leads elsewhere and passes as it is', async (location) => {
    const { sidecar, fill } = await answerWith(location);
    const answer = await ask(sidecar.proxy, '/dev/mcp');
    expect({ status: answer.status, location: answer.header('location') }).toEqual({
      status: 307,
      location: fill(location),
    });
  });

  it('that is there twice is judged both times', async () => {
    const { sidecar } = await answerWith('/fine\r\nLocation: http://127.0.0.1:OWN/other/mcp');
    const answer = await ask(sidecar.proxy, '/dev/mcp');
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_malformed' });
  });
});

describe('the endpoint event', () => {
  /** As many pieces as there are strings, each in a packet of its own. */
  async function listenTo(pieces: readonly string[], type = 'text/event-stream') {
    const { sidecar, fill } = await startHostile(async (socket, fillIn) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      for (const piece of pieces.map(fillIn)) {
        socket.write(`${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`);
        await delay(2);
      }
      socket.end('0\r\n\r\n');
    });
    const answer = await ask(sidecar.proxy, '/dev/mcp', { headers: { Accept: 'text/event-stream' } });
    return { sidecar, answer, fill };
  }

  const bad: Readonly<Record<string, readonly string[]>> = {
    'at another origin': ['event: endpoint\ndata: https://evil.test/x\n\n'],
    'at another port': ['event: endpoint\ndata: https://mcp.test:1/evil.test\n\n'],
    'in plain http': ['event: endpoint\ndata: http://mcp.test:UPSTREAM/evil.test\n\n'],
    'at another prefix of the sidecar': ['event: endpoint\ndata: http://127.0.0.1:OWN/other/evil.test\n\n'],
    'without a scheme': ['event: endpoint\ndata: //evil.test/x\n\n'],
    'with backslashes': ['event: endpoint\ndata: \\\\evil.test\\x\n\n'],
    'without spaces': ['event:endpoint\ndata:https://evil.test/x\n\n'],
    'with its name behind its data': ['data: https://evil.test/x\nevent: endpoint\n\n'],
    'over two data lines': ['event: endpoint\ndata: https:\ndata: //evil.test/x\n\n'],
    'with CRLF': ['event: endpoint\r\ndata: https://evil.test/x\r\n\r\n'],
    'with CR alone': ['event: endpoint\rdata: https://evil.test/x\r\r'],
    'after a byte order mark': ['\uFEFFevent: endpoint\ndata: https://evil.test/x\n\n'],
    'after comments': [': hello\n\n:\n', 'event: endpoint\ndata: https://evil.test/x\n\n'],
    'after a block without data': ['retry: 1000\n\n', 'event: endpoint\ndata: https://evil.test/x\n\n'],
    'in small pieces': octets('event: endpoint\r\ndata: https://evil.test/x\r\n\r\n'),
    'in an empty address and an own one': [
      'event: endpoint\n\nevent: endpoint\ndata: https://evil.test/x\n\n',
    ],
    'in a second event': ['event: endpoint\ndata: /x\n\n', 'event: endpoint\ndata: https://evil.test/x\n\n'],
    'in a second event of one piece': [
      'event: endpoint\ndata: /x\n\nevent: endpoint\ndata: https://evil.test/x\n\n',
    ],
    'in a later event with CR alone': ['data: first\r\r:\r', 'event:endpoint\rdata: https://evil.test/x\r\r'],
    'in a later event in small pieces': [
      'data: first\n\n',
      ...octets('event: endpoint\ndata: https://evil.test/x\n\n'),
    ],
    'in a later event behind a long line': [
      `data: ${'a'.repeat(5_000)}\n\n`,
      'event: endpoint\ndata: https://evil.test/x\n\n',
    ],
  };
  it.each(Object.entries(bad))('%s is response_malformed', async (_, pieces) => {
    const { sidecar, answer } = await listenTo(pieces);
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'response_malformed' });
    expect(answer).toMatchObject({ status: 200, complete: false });
    expect(answer.body).not.toContain('evil.test');
  });

  const good: readonly { what: string; pieces: readonly string[]; passes: RegExp }[] = [
    {
      what: 'a path',
      pieces: ['event: endpoint\ndata: /messages?id=1\n\n'],
      passes: /^event: endpoint\ndata: \/dev\/messages\?id=1\n\n$/,
    },
    {
      what: 'a relative path',
      pieces: ['event: endpoint\ndata: messages\n\n'],
      passes: /^event: endpoint\ndata: \/dev\/messages\n\n$/,
    },
    {
      what: 'dots that lead above the root',
      pieces: ['event: endpoint\ndata: /../../other/mcp\n\n'],
      passes: /^event: endpoint\ndata: \/dev\/other\/mcp\n\n$/,
    },
    {
      what: 'a whole URL of the server',
      pieces: ['event: endpoint\r\ndata: https://mcp.test:UPSTREAM/messages\r\n\r\n'],
      passes: /^event: endpoint\ndata: \/dev\/messages\n\n$/,
    },
    {
      what: 'CR alone, with nothing after it',
      pieces: ['event: endpoint\rdata: /messages\r\r'],
      passes: /^event: endpoint\ndata: \/dev\/messages\n\n$/,
    },
    {
      what: 'a byte order mark',
      pieces: ['\uFEFFevent: endpoint\ndata: /messages\n\n'],
      passes: /^\uFEFF?event: endpoint\ndata: \/dev\/messages\n\n$/,
    },
    {
      what: 'comments before it, and an id',
      pieces: [': hello\n\n', 'id: 7\nevent: endpoint\ndata: /messages\n\n', 'data: next\n\n'],
      passes: /^: hello\n\nid: 7\nevent: endpoint\ndata: \/dev\/messages\n\ndata: next\n\n$/,
    },
    {
      what: 'a block without data before it',
      pieces: ['retry: 1000\n\n', 'event: endpoint\ndata: /messages\n\n'],
      passes: /^retry: 1000\n\nevent: endpoint\ndata: \/dev\/messages\n\n$/,
    },
    {
      what: 'one octet in each piece',
      pieces: octets('event: endpoint\r\ndata: /messages\r\n\r\ndata: next\r\n\r\n'),
      passes: /^event: endpoint\ndata: \/dev\/messages\n\n\n?data: next\r\n\r\n$/,
    },
  ];
  it.each(good)('with $what gets the prefix of the server', async ({ pieces, passes }) => {
    const { answer } = await listenTo(pieces);
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(answer.body).toMatch(passes);
  });

  const untouched = [
    'data: {"jsonrpc":"2.0","id":1}\n\nevent: message\ndata: event: endpoint\n\n',
    ': comments\r\n\r\nid: 1\r\ndata: a\r\n\r\nevent: endpoints\r\ndata: https://evil.test/x\r\n\r\n',
    'data: a first event without end',
    '\uFEFFdata: a\r\rdata: b\r\r',
  ];
  it.each(untouched)('is not seen in %j, which passes as it is', async (text) => {
    const { answer } = await listenTo([text]);
    expect(answer).toMatchObject({ body: text, complete: true });
  });

  it('is not looked for in what is no event stream', async () => {
    const text = 'event: endpoint\ndata: https://evil.test/x\n\n';
    const { answer } = await listenTo([text], 'text/plain');
    expect(answer).toMatchObject({ body: text, complete: true });
  });

  it('cannot be hidden by an encoding that was not asked for', async () => {
    const { sidecar } = await startHostile((socket) =>
      socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n',
      ),
    );
    const answer = await ask(sidecar.proxy, '/dev/mcp', { headers: { Accept: 'text/event-stream' } });
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'response_malformed' });
  });

  it('is told from a first event of many lines and pieces, which passes at little cost', async () => {
    // 66,000 chunks of an octet or two: what looks at all that came each time takes minutes.
    const chunks = '1\r\na\r\n'.repeat(60_000) + '2\r\n\nb\r\n'.repeat(6_000);
    const { sidecar } = await startHostile((socket) =>
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
      ),
    );
    const startedMs = performance.now();
    const answer = await ask(sidecar.proxy, '/dev/mcp', { headers: { Accept: 'text/event-stream' } });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    const body = 'a'.repeat(60_000) + '\nb'.repeat(6_000);
    expect(answer).toMatchObject({ status: 200, complete: true, body });
  });
});

describe('a cookie', () => {
  const cookies: readonly (readonly [string, string])[] = [
    ['a=b; Path=/; Domain=mcp.test; Secure; HttpOnly', 'a=b; Path=/dev; HttpOnly'],
    ['a=b; Path=/mcp; SameSite=Lax', 'a=b; Path=/dev/mcp; SameSite=Lax'],
    ['a=b; PATH = /other ;SECURE;DOMAIN=.test', 'a=b; Path=/dev/other'],
    ['a=b; Path=/dev', 'a=b; Path=/dev/dev'],
    ['a=b; Max-Age=60', 'a=b; Max-Age=60'],
    ['path=/; secure', 'path=/'],
    [
      'a="x, y=z"; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
      'a="x, y=z"; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
    ],
  ];
  it.each(cookies)('of %j becomes %j', async (cookie, expected) => {
    const { sidecar } = await startHostile((socket) =>
      socket.end(
        `HTTP/1.1 200 OK\r\nSet-Cookie: first=1\r\nset-cookie: ${cookie}\r\nContent-Length: 0\r\n\r\n`,
      ),
    );
    const { rawHeaders } = await ask(sidecar.proxy, '/dev/mcp');
    expect(rawHeaders.slice(0, 4)).toEqual(['Set-Cookie', 'first=1', 'set-cookie', expected]);
  });
});

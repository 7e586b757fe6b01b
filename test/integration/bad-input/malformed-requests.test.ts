import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { ask } from '../../harness/ask.ts';
import { routes, type Named, type RouteUnderTest } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue('mcp.test');
const smuggled = 'GET /dev/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Header lines and what follows them, after the request line and a good Host. */
const afterHost: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'Transfer-Encoding and Content-Length': `Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\n${smuggled}`,
  'two lengths that differ': `Content-Length: 0\r\nContent-Length: 49\r\n\r\n${smuggled}`,
  'two lengths that agree': `Content-Length: 0\r\nContent-Length: 0\r\n\r\n${smuggled}`,
  'a list of lengths': 'Content-Length: 4, 4\r\n\r\nabcd',
  'a signed length': 'Content-Length: +4\r\n\r\nabcd',
  'a negative length': 'Content-Length: -4\r\n\r\nabcd',
  'a hexadecimal length': 'Content-Length: 0x4\r\n\r\nabcd',
  'an empty length': 'Content-Length:\r\n\r\nabcd',
  'a length with a space inside': 'Content-Length: 4 4\r\n\r\nabcd',
  'a length beyond 2^64': 'Content-Length: 18446744073709551620\r\n\r\nabcd',
  'a transfer coding that nearly spells chunked': `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked that is not last': `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked in two headers, not last': `Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n${smuggled}`,
  'chunked twice': `Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'identity alone': `Transfer-Encoding: identity\r\n\r\n${smuggled}`,
  'identity before chunked': `Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'a transfer coding that is ours to undo': `Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'a parameter after chunked': `Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n${smuggled}`,
  'a vertical tab before chunked': `Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'a quoted chunked': `Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${smuggled}`,
  'Transfer-Encoding with a space before its colon': `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'a space before a colon': 'X-Bad : a\r\n\r\n',
  'a tab before a colon': 'X-Bad\t: a\r\n\r\n',
  'a header without a colon': 'X-Bad\r\n\r\n',
  'a header without a name': ': bad\r\n\r\n',
  'a bracket in a header name': 'X-Bad[]: a\r\n\r\n',
  'a bare CR in a value': 'X-Bad: a\rX-Smuggled: b\r\n\r\n',
  'a bare CR after a value': 'X-Bad: a\r\r\n\r\n',
  'a bare CR in place of the blank line': `X-Bad: a\r\n\r${smuggled}`,
  'obs-fold': 'X-Bad: a\r\n b\r\n\r\n',
  'obs-fold of Transfer-Encoding': `Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  'NUL in a value': 'X-Bad: a\0b\r\n\r\n',
  'NUL in a name': 'X-B\0ad: a\r\n\r\n',
  'DEL in a value': 'X-Bad: a\x7fb\r\n\r\n',
  'a control character in a value': 'X-Bad: a\x01b\r\n\r\n',
  'a second Host that agrees': 'Host: GOOD\r\n\r\n',
  'a second Host that differs': 'Host: other.test\r\n\r\n',
  'a second host in other letters': 'hOST: other.test\r\n\r\n',
  'a header beyond limits.header_bytes': `X-Long: ${'a'.repeat(70_000)}\r\n\r\n`,
  'headers beyond limits.header_bytes': `${'X-Many: some value\r\n'.repeat(5_000)}\r\n`,
};

/** Bytes that have nothing of a route. */
const noHttp: Readonly<Record<string, string | Buffer>> = {
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a ClientHello': Buffer.from(
    `16030100520100004e0303${'ab'.repeat(32)}00000813021303130100ff0100001d`,
    'hex',
  ),
  'a ClientHello of SSL 2': Buffer.from('802e0100020015000000100100800300800700c0', 'hex'),
  garbage: Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 89 + 7) % 256)),
  'SOCKS 5': Buffer.from('050100', 'hex'),
  'a greeting of SSH': 'SSH-2.0-OpenSSH_9.9\r\n',
  'a JSON-RPC line': '{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
};

/** Where a pair stands whose requests have nothing of a route. */
const anyRoute = routes[0] as RouteUnderTest;

async function startPair(route: RouteUnderTest = anyRoute) {
  const upstream = await startUpstream({ leaf });
  const sidecar = await startInProcess({
    config: configText({ dev: { url: `https://mcp.test:${upstream.port}/mcp`, ssl_verify: root.pem } }),
  });
  const named: Named = { server: 'dev', authority: `mcp.test:${upstream.port}` };
  const send = async (bytes: string | Buffer, timeoutMs?: number) => {
    const { socket } = await route.connect(sidecar.proxy, named);
    const whole = typeof bytes === 'string' ? bytes.replaceAll('GOOD', route.host(named)) : bytes;
    return sendRaw({ socket, bytes: whole, ...(timeoutMs !== undefined && { timeoutMs }) });
  };
  const works = async () => expect((await ask(sidecar.proxy, '/dev/mcp')).status).toBe(200);
  // Warm connections count as open sockets: so the baseline is taken with one in the pool.
  await works();
  await sidecar.metric('process_open_fds');
  const baseline = openSockets();
  const expectUnharmed = async () => {
    await works();
    await poll(() => openSockets() <= baseline, { what: `${baseline} open sockets, as before` });
  };
  return { upstream, sidecar, send, named, label: route.serverOfGarbage(named), expectUnharmed };
}

type Pair = Awaited<ReturnType<typeof startPair>>;

/** Of this process, where both peers and the sidecar live. */
const openSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

/** Sends bytes, wants one refusal and nothing upstream, and that all goes on as before. */
async function expectRefused(pair: Pair, bytes: string | Buffer) {
  const answer = await onlyAnswer(pair, bytes);
  await expectFailure(answer, pair.sidecar, { server: pair.label, reason: 'request_malformed' });
  expect(JSON.parse(answer.body)).toMatchObject({ reason: 'request_malformed', phase: 'request' });
  expect(pair.upstream.requests).toHaveLength(1);
  await pair.expectUnharmed();
}

async function onlyAnswer(pair: Pair, bytes: string | Buffer) {
  // What keeps the connection would have answered smuggled requests by then.
  const received = await pair.send(bytes, 1_000);
  const [answer, ...more] = parseResponses(received);
  if (answer === undefined) throw new Error('no answer');
  expect(more.map(({ status }) => status)).toEqual([]);
  return answer;
}

describe.each(routes)('on the route by $name', (route) => {
  it.each(Object.entries(afterHost))('%s is request_malformed', async (_, rest) => {
    const pair = await startPair(route);
    await expectRefused(pair, `POST ${route.line(pair.named, '/mcp')} HTTP/1.1\r\nHost: GOOD\r\n${rest}`);
  });

  const requestLines: readonly (readonly [string, (target: string) => string])[] = [
    ['a tab before the target', (t) => `POST\t${t} HTTP/1.1\r\n`],
    ['a space in the target', (t) => `POST ${t}/a b HTTP/1.1\r\n`],
    ['a control character in the target', (t) => `POST ${t}/a\x01b HTTP/1.1\r\n`],
    ['NUL in the target', (t) => `POST ${t}/a\0b HTTP/1.1\r\n`],
    ['DEL in the target', (t) => `POST ${t}/a\x7fb HTTP/1.1\r\n`],
    ['a fragment', (t) => `POST ${t}#fragment HTTP/1.1\r\n`],
    ['a target beyond limits.header_bytes', (t) => `POST ${t}/${'a'.repeat(70_000)} HTTP/1.1\r\n`],
    ['no version', (t) => `POST ${t}\r\n`],
    ['HTTP/2.0', (t) => `POST ${t} HTTP/2.0\r\n`],
    ['HTTP/0.9', (t) => `POST ${t} HTTP/0.9\r\n`],
    ['HTTP/3.0', (t) => `POST ${t} HTTP/3.0\r\n`],
    ['HTTP/1.11', (t) => `POST ${t} HTTP/1.11\r\n`],
    ['http/1.1', (t) => `POST ${t} http/1.1\r\n`],
    ['a space after the version', (t) => `POST ${t} HTTP/1.1 \r\n`],
    ['a space before the first header', (t) => `POST ${t} HTTP/1.1\r\n X-Bad: a\r\n`],
  ];
  it.each(requestLines)('%s is request_malformed', async (_, line) => {
    const pair = await startPair(route);
    await expectRefused(
      pair,
      `${line(route.line(pair.named, '/mcp'))}Host: GOOD\r\nContent-Length: 0\r\n\r\n`,
    );
  });

  const hosts = [
    'a b',
    'user@127.0.0.1',
    '127.0.0.1/x',
    '',
    '127.0.0.1:99999',
    'localhost:x',
    '[::1',
    'a..b',
  ];
  it.each(hosts)('as Host, %j is request_malformed, but ignored in absolute form', async (host) => {
    const pair = await startPair(route);
    const bytes = `GET ${route.line(pair.named, '/mcp')} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    if (route.hostHeader !== 'ignored') await expectRefused(pair, bytes);
    else await expectOneGoodRequest(pair, bytes);
  });

  it('no Host is request_malformed, but ignored in absolute form', async () => {
    const pair = await startPair(route);
    const bytes = `GET ${route.line(pair.named, '/mcp')} HTTP/1.1\r\nConnection: close\r\n\r\n`;
    if (route.hostHeader !== 'ignored') await expectRefused(pair, bytes);
    else await expectOneGoodRequest(pair, bytes);
  });

  const badChunks: Readonly<Record<string, string>> = {
    'a size beyond 2^64': 'fffffffffffffffff\r\nabc',
    'a size that is no number': 'xyz\r\nabc',
    'a negative size': '-1\r\nabc',
    'a size with 0x': '0x3\r\nabc\r\n0\r\n\r\n',
    'a size with a space before it': ' 3\r\nabc\r\n0\r\n\r\n',
    'a chunk longer than its size': '3\r\nabcdef\r\n0\r\n\r\n',
    'a bare LF after a size': '3\nabc\r\n0\r\n\r\n',
    'a bare LF after a chunk': '3\r\nabc\n0\r\n\r\n',
    'a bare CR in an extension': '3;a\rb\r\nabc\r\n0\r\n\r\n',
    'a trailer without a colon': '3\r\nabc\r\n0\r\nbad\r\n\r\n',
  };
  it.each(Object.entries(badChunks))('a body with %s is request_malformed', async (_, body) => {
    const pair = await startPair(route);
    const head = `POST ${route.line(pair.named, '/mcp')} HTTP/1.1\r\nHost: GOOD\r\nTransfer-Encoding: chunked`;
    const answer = await onlyAnswer(pair, `${head}\r\n\r\n${body}`);
    expect(answer.header('connection')).toBe('close');
    await expectFailure(answer, pair.sidecar, { server: 'dev', reason: 'request_malformed' });
    // What came before the fault may have gone upstream, but never as a whole request.
    expect(pair.upstream.requests.slice(1).filter(({ cancelled }) => !cancelled)).toEqual([]);
    await pair.expectUnharmed();
  });

  /** What llhttp takes, though nobody should send it: exactly one well-formed request goes upstream. */
  async function expectOneGoodRequest(pair: Pair, bytes: string) {
    const answers = parseResponses(await pair.send(bytes));
    expect(answers.map(({ status }) => status)).toEqual([200]);
    const [, request, ...more] = pair.upstream.requests;
    expect(more).toEqual([]);
    expect(request).toMatchObject({ url: '/mcp', headers: { host: pair.named.authority } });
    await pair.expectUnharmed();
    return request;
  }

  const harmless: Readonly<Record<string, string>> = {
    'CRLF before the request line': '\r\n\r\nGET TARGET HTTP/1.1\r\nHost: GOOD\r\nConnection: close\r\n\r\n',
    'two spaces before the target': 'GET  TARGET HTTP/1.1\r\nHost: GOOD\r\nConnection: close\r\n\r\n',
    'a tab as white space after a colon': 'GET TARGET HTTP/1.1\r\nHost:\tGOOD\t\r\nConnection: close\r\n\r\n',
    'an empty value': 'GET TARGET HTTP/1.1\r\nHost: GOOD\r\nX-Empty:\r\nConnection: close\r\n\r\n',
    'chunked in capitals, with a chunk extension and a trailer':
      'POST TARGET HTTP/1.1\r\nHost: GOOD\r\nConnection: close\r\nTransfer-Encoding: CHUNKED\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Trailer: a\r\n\r\n',
  };
  it.each(Object.entries(harmless))('%s reaches the server as one well-formed request', async (_, bytes) => {
    const pair = await startPair(route);
    const line = route.line(pair.named, '/mcp');
    const request = await expectOneGoodRequest(pair, bytes.replace('TARGET', line));
    expect(request?.body).toBe(bytes.startsWith('POST') ? 'abc' : '');
    expect(request?.headers).not.toHaveProperty('x-trailer');
  });
});

it('chunks in HTTP/1.0 are request_malformed', async () => {
  const body = `Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`;
  await expectRefused(await startPair(), `POST /dev/mcp HTTP/1.0\r\nHost: 127.0.0.1\r\n${body}`);
});

it('garbage behind a good request is refused after the answer to that', async () => {
  const pair = await startPair();
  const bytes = 'GET /dev/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n\0garbage\r\n\r\n';
  const answers = parseResponses(await pair.send(bytes));
  expect(answers.map(({ status }) => status)).toEqual([200, 400]);
  await expectFailure(answers[1], pair.sidecar, { server: 'unlisted', reason: 'request_malformed' });
  expect(pair.upstream.requests).toHaveLength(2);
  await pair.expectUnharmed();
});

it('nothing is read of what follows a request that closes the connection', async () => {
  const pair = await startPair();
  const bytes = `GET /dev/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n${smuggled}`;
  const answers = parseResponses(await pair.send(bytes));
  expect(answers.map(({ status }) => status)).toEqual([200]);
  expect(pair.upstream.requests.map(({ url }) => url)).toEqual(['/mcp', '/mcp']);
  await pair.expectUnharmed();
});

it.each(Object.entries(noHttp))('%s is request_malformed', async (_, bytes) => {
  await expectRefused(await startPair(), bytes);
});

const authorities = [
  'user@HOST',
  'user:secret@HOST',
  '@HOST',
  '%6dcp.test:443',
  'mcp.test:0',
  'mcp.test:99999',
  '',
];
it.each(authorities)('http://%s/mcp is request_malformed', async (authority) => {
  const pair = await startPair();
  const written = authority.replace('HOST', pair.named.authority);
  await expectRefused(
    pair,
    `GET http://${written}/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
  );
});

it.each(['*', 'ftp://mcp.test/', 'mcp.test:443', 'mcp'])(
  'the target %s is request_malformed',
  async (target) => {
    await expectRefused(
      await startPair(),
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
  },
);

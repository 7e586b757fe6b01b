import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { makeReport, type Report } from '../../../src/doctor/report.ts';
import { configText } from '../../harness/config-text.ts';
import { startEverythingBoth } from '../../harness/mcp-upstream.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';
import { diagnoseConfig } from './diagnose-config.ts';

const ca = createCa();
const leaf = ca.issue('mcp.test');

async function ask(port: number, path: string): Promise<Report> {
  const config = configText({ one: { url: `https://mcp.test:${port}${path}`, ssl_verify: ca.pem } });
  const [evidence] = await diagnoseConfig(config, { mcp: true });
  if (evidence === undefined) throw new Error('nothing was examined');
  return makeReport(evidence);
}

const stepsOf = ({ steps }: Report) =>
  Object.fromEntries(steps.map(({ id, status, detail }) => [id, `${status}: ${detail}`]));

test('the reference server is asked for its tools over both transports', async () => {
  const servers = await startEverythingBoth(leaf);
  for (const { port, path } of [servers.streamableHttp, servers.sse]) {
    const report = await ask(port, path);
    expect(stepsOf(report)).toMatchObject({
      http: 'pass: POST is answered',
      initialize: expect.stringMatching(/^pass: mcp-servers\/everything \S+, protocol 20/) as string,
      'tools/list': expect.stringMatching(/^pass: 1\d tools: echo, /) as string,
    });
    expect(report).toMatchObject({ cause: 'none', verdict: 'good' });
  }
});

test('the session is initialized, carried along and ended', async () => {
  const handler: Handler = (request, response, recorded) =>
    request.on('end', () => {
      const { id, method } = JSON.parse(recorded.body || '{}') as { id?: number; method?: string };
      if (id === undefined) return response.writeHead(request.method === 'DELETE' ? 200 : 202).end();
      const result =
        method === 'initialize'
          ? { protocolVersion: '2025-03-26', serverInfo: { name: 'x' } }
          : { tools: [] };
      const message = JSON.stringify({ jsonrpc: '2.0', id, result });
      // A comment and another event before the answer, which comes in two pieces.
      response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'abc' });
      response.write(
        `: hello\n\ndata: {"jsonrpc":"2.0","method":"notifications/x"}\n\ndata: ${message.slice(0, 9)}`,
      );
      return response.end(`${message.slice(9)}\r\n\r\n`);
    });
  const upstream = await startUpstream({ leaf, handler });
  expect(stepsOf(await ask(upstream.port, '/mcp'))).toMatchObject({
    initialize: 'pass: x, protocol 2025-03-26',
    'tools/list': 'pass: 0 tools',
  });
  const seen = upstream.requests.map(({ method, headers, body }) => [
    method,
    (JSON.parse(body || '{}') as { method?: string }).method,
    headers['mcp-session-id'],
    headers['mcp-protocol-version'],
  ]);
  expect(seen).toEqual([
    ['POST', 'initialize', undefined, undefined],
    ['POST', 'notifications/initialized', 'abc', '2025-03-26'],
    ['POST', 'tools/list', 'abc', '2025-03-26'],
    ['DELETE', undefined, 'abc', '2025-03-26'],
  ]);
});

test('a 401 is a pass: TLS and HTTP work', async () => {
  const { port } = await startUpstream({ leaf, handler: (_, response) => response.writeHead(401).end() });
  const report = await ask(port, '/mcp');
  expect(stepsOf(report)).toMatchObject({
    initialize: 'pass: it wants a login (401): TLS and HTTP work',
    'tools/list': 'skipped: there is no session to ask in',
  });
  expect(report.verdict).toBe('good');
});

test.each([
  ['a web page', '<html></html>', 200],
  ['a path that is not there', '', 404],
  ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}', 200],
  ['a failing server', 'oops', 500],
])('what is no MCP fails as not_mcp: %s', async (_, body, status) => {
  const { port } = await startUpstream({
    leaf,
    handler: (request, response) => response.writeHead(status).end(body),
  });
  expect(await ask(port, '/mcp')).toMatchObject({ cause: 'not_mcp', verdict: 'failed', reason: undefined });
});

test('an endpoint event that leads away is not followed', async () => {
  const elsewhere = await startUpstream({ leaf });
  const handler: Handler = (request, response) => {
    if (request.method === 'POST') return response.writeHead(405).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return response.write(`event: endpoint\ndata: https://mcp.test:${elsewhere.port}/messages\n\n`);
  };
  const { port } = await startUpstream({ leaf, handler });
  const report = await ask(port, '/sse');
  expect(stepsOf(report)['initialize']).toBe('fail: its endpoint event leads away from it');
  expect(elsewhere.connections).toBe(0);
});

import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { lineNumber, requestLines, untilLogged } from './request-lines.ts';

const ca = createCa();
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

async function startPair() {
  const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
  const authority = `mcp.test:${upstream.port}`;
  const sidecar = await startInProcess({
    config: configText({ mcp: { url: `https://${authority}/`, ssl_verify: ca.pem } }),
  });
  return { upstream, sidecar, named: { server: 'mcp', authority } };
}

describe.each(routes)('on the route by $name', (route) => {
  it('by an id of its own, and by those of its client, which pass as they came', async () => {
    const { upstream, sidecar, named } = await startPair();
    const headers = { traceparent, tracestate: 'vendor=opaque', 'X-Request-Id': 'req_0123.abc' };
    const path = '/secret-path?token=secret-query';
    await ask(sidecar.proxy, route.target(named, path), {
      headers: { ...headers, Authorization: 'Bearer secret-token' },
    });
    await ask(sidecar.proxy, route.target(named, path));
    const [first = {}, second = {}] = await untilLogged(sidecar, 2);
    expect(first).toMatchObject({ traceparent, client_request_id: 'req_0123.abc', request_id: uuid });
    expect(second['request_id']).toMatch(uuid);
    expect(second['request_id']).not.toBe(first['request_id']);
    expect(second).not.toHaveProperty('traceparent');
    expect(second).not.toHaveProperty('client_request_id');
    expect(upstream.requests[0]?.headers).toMatchObject({
      traceparent,
      tracestate: 'vendor=opaque',
      'x-request-id': 'req_0123.abc',
    });
    // Nothing is added for a client that sends none.
    expect(upstream.requests[1]?.headers).not.toHaveProperty('x-request-id');
    expect(upstream.requests[1]?.headers).not.toHaveProperty('traceparent');
    expect(JSON.stringify(sidecar.logs)).not.toMatch(/secret|opaque/);
  });

  it('and what is no id stays out of the log, though it passes', async () => {
    const { upstream, sidecar, named } = await startPair();
    const garbage = [
      'garbage","level":"fatal',
      `${traceparent} garbage`,
      `${traceparent}-garbage`,
      `garbage${'x'.repeat(2_000)}`,
    ];
    for (const value of garbage)
      await ask(sidecar.proxy, route.target(named, '/x'), {
        headers: { traceparent: value, 'X-Request-Id': `${value} id` },
      });
    const lines = await untilLogged(sidecar, garbage.length);
    for (const line of lines) {
      expect(line).not.toHaveProperty('traceparent');
      expect(line).not.toHaveProperty('client_request_id');
    }
    expect(JSON.stringify(sidecar.logs)).not.toMatch(/garbage|fatal/);
    expect(upstream.requests.map(({ headers }) => headers['traceparent'])).toEqual(garbage);
  });

  it('in the answer too where it failed, so that a client can tell which line is its own', async () => {
    const { upstream, sidecar, named } = await startPair();
    await upstream.close();
    const answer = await ask(sidecar.proxy, route.target(named, '/x'), {
      headers: { traceparent, 'X-Request-Id': 'client-1' },
    });
    await expectFailure(answer, sidecar, { server: 'mcp', reason: 'connect_refused' });
    const line = await lineNumber(sidecar, 1);
    expect(line).toMatchObject({ msg: 'request failed', phase: 'connect', client_request_id: 'client-1' });
    expect(line).toMatchObject({ traceparent, request_id: answer.header('x-request-id') });
  });
});

it('a refused CONNECT and bytes that are no HTTP have a line and an id as well', async () => {
  const { sidecar } = await startPair();
  const { response } = await openTunnel(sidecar.proxy, 'not a target');
  const { hostname: host, port } = new URL(sidecar.proxyUrl);
  const [refused] = parseResponses(await sendRaw({ host, port: Number(port), bytes: 'no HTTP\r\n\r\n' }));
  await untilLogged(sidecar, 2);
  expect(requestLines(sidecar).map((line) => line['request_id'])).toEqual([
    response.header('x-request-id'),
    refused?.header('x-request-id'),
  ]);
});

it('log.requests says which requests have a line, from the next reload on', async () => {
  const { upstream, sidecar, named } = await startPair();
  const refused = { url: 'https://mcp.test:1/', ssl_verify: ca.pem };
  const good = { url: `https://${named.authority}/`, ssl_verify: ca.pem };
  const seen: Record<string, unknown> = {};
  for (const requests of ['all', 'failures', 'none']) {
    sidecar.writeConfig(configText({ good, refused }, { log: { requests }, upstream_proxy: null }));
    expect((await sidecar.reload()).status).toBe(200);
    const before = requestLines(sidecar).length;
    const statuses = [
      (await ask(sidecar.proxy, '/good/x')).status,
      (await ask(sidecar.proxy, '/no_such_server/x')).status,
    ];
    expect(statuses).toEqual([200, 500]);
    // The counters say that both are over: a line would be there by now.
    seen[requests] = requestLines(sidecar)
      .slice(before)
      .map((line) => [line['status'], line['reason']]);
  }
  expect(seen).toEqual({
    all: [
      [200, undefined],
      [500, 'server_unknown'],
    ],
    failures: [[500, 'server_unknown']],
    none: [],
  });
  expect(upstream.requests).toHaveLength(3);
  expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 'good', code: '200' })).toBe(3);
});

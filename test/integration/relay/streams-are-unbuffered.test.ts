import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import { openCounts, server, startRelay, type RelayUnderTest } from './relay-setup.ts';

const concurrentStreams = 120;

/** A relay whose server hands out the responses of event streams for the test to write to. */
async function startStreams(flushHead = true) {
  const streams: ServerResponse[] = [];
  const relay = await startRelay((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    if (flushHead) response.flushHeaders();
    streams.push(response);
  });
  return { ...relay, streams };
}

const streamRequest = ({ head }: RelayUnderTest, route: RouteUnderTest, fields = '') =>
  `${head(route, 'GET', '/sse')}Accept: text/event-stream\r\n${fields}\r\n`;

describe.each(routes)('on the route by $name', (route) => {
  it('the head of a stream comes before any of its bytes, and a comment before any event', async () => {
    const relay = await startStreams();
    const { streams } = relay;
    const client = await relay.open(route);
    client.write(streamRequest(relay, route));
    await client.until('\r\n\r\n');
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    streams[0]?.write(': hello\n\n');
    await client.until('\r\n: hello\n\n');
  });

  it('each event arrives before the next is sent, ids, retry and comments as they are', async () => {
    const relay = await startStreams();
    const { streams } = relay;
    const client = await relay.open(route);
    client.write(streamRequest(relay, route, 'Last-Event-ID: 41\r\n'));
    await poll(() => streams.length === 1);
    const events = [
      'id: 42\nevent: message\ndata: {"a":1}\n\n',
      ': keep-alive\n\n',
      'retry: 10\r\nid:\r\ndata\r\n\r\n',
      'data: é\u{1F600}\rdata: two\r\r',
      'id: 43\ndata: last',
    ];
    let body = '';
    for (const event of events) {
      streams[0]?.write(event);
      body += Buffer.from(event).toString('latin1');
      // Nothing is sent until this one is here.
      await poll(() => bodyOf(client.received) === body, { what: JSON.stringify(event), everyMs: 2 });
    }
    streams[0]?.end();
    await client.until(/\r\n0\r\n\r\n$/);
    expect(bodyOf(client.received)).toBe(body);
  });

  it(`${concurrentStreams} streams go on side by side, and the gauges follow them`, async () => {
    const relay = await startStreams();
    const { sidecar, streams } = relay;
    const opened = Array.from({ length: concurrentStreams }, () => relay.open(route));
    const clients = await Promise.all(opened);
    for (const client of clients) client.write(streamRequest(relay, route));
    await poll(() => streams.length === concurrentStreams);
    streams.forEach((stream, index) => stream.write(`data: ${index}\n\n`));
    for (const client of clients) await client.until(/data: \d+\n\n/);
    const numbers = clients.map((client) => Number(/data: (\d+)/.exec(client.received)?.[1]));
    expect(new Set(numbers).size).toBe(concurrentStreams);
    expect(await openCounts(sidecar)).toEqual({ streams: concurrentStreams, connections: concurrentStreams });

    // Half end well and half of the clients leave.
    streams.forEach((stream, index) => index % 2 === 0 && stream.end());
    clients.forEach((client, index) => (numbers[index] ?? 0) % 2 === 1 && client.leave());
    await poll(async () => {
      const { streams: left, connections } = await openCounts(sidecar);
      // Those that ended well are kept warm.
      return left === 0 && connections === concurrentStreams / 2;
    });
    const aborted = await sidecar.metric('mcp_tls_sidecar_failures_total', {
      server,
      reason: 'downstream_aborted',
    });
    expect(aborted).toBe(concurrentStreams / 2);
  });
});

/** The bytes of a chunked response, decoded as far as they have come. */
function bodyOf(received: string): string {
  let rest = received.slice(received.indexOf('\r\n\r\n') + 4);
  let body = '';
  for (let size = /^([0-9a-f]+)\r\n/i.exec(rest); size !== null; size = /^([0-9a-f]+)\r\n/i.exec(rest)) {
    const length = parseInt(size[1] ?? '', 16);
    body += rest.slice(size[0].length, size[0].length + length);
    rest = rest.slice(size[0].length + length + 2);
  }
  return body;
}

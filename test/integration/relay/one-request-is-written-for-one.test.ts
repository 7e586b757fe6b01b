import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { routes } from '../../harness/routes.ts';
import type { Handler, Upstream } from '../../harness/tls-upstream.ts';
import { openCounts, server, startRelay } from './relay-setup.ts';

/** What came on each connection, byte by byte, beside what llhttp read of it. */
function recordBytes(upstream: Upstream): { text: string }[] {
  const received: { text: string }[] = [];
  // After node:http has taken the socket, which else keeps its bytes to itself.
  upstream.server.on('secureConnection', (socket: TLSSocket) => {
    const all = { text: '' };
    received.push(all);
    socket.on('data', (chunk) => (all.text += chunk.toString('latin1')));
  });
  return received;
}

const answerWhenWhole: Handler = (request, response) => {
  request.on('end', () => response.end('done'));
};

async function startRecorded(handler: Handler = answerWhenWhole) {
  const relay = await startRelay(handler);
  return { ...relay, received: recordBytes(relay.upstream) };
}

/** Text of which no two places are alike. */
function bodyOf(bytes: number): string {
  let text = '';
  for (let index = 0; text.length < bytes; index++) text += `${index.toString(36)}.`;
  return text.slice(0, bytes);
}

function inChunks(body: string, size: number): string {
  let text = '';
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.slice(at, at + size);
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  return `${text}0\r\n\r\n`;
}

/** Takes chunks apart that are as plain as they can be: a size in lower case, no extensions, no trailers, no more. */
function plainChunks(text: string): string {
  let body = '';
  let rest = text;
  for (;;) {
    const [line = '', size = ''] = /^([\da-f]+)\r\n/.exec(rest) ?? [];
    expect(line, `a size line in ${JSON.stringify(rest.slice(0, 40))}`).not.toBe('');
    const length = Number.parseInt(size, 16);
    body += rest.slice(line.length, line.length + length);
    expect(rest.slice(line.length + length, line.length + length + 2)).toBe('\r\n');
    rest = rest.slice(line.length + length + 2);
    if (length > 0) continue;
    expect(rest).toBe('');
    return body;
  }
}

const sizes = [0, 1, 1_000, 16_384, 65_535, 65_536, 65_537, 131_072, 200_001];

describe.each(routes)('on the route by $name', (route) => {
  it.each(sizes)('a body of %i bytes with its length is written as it came', async (bytes) => {
    const { open, head, upstream, received } = await startRecorded();
    const body = bodyOf(bytes);
    for (const pieces of [1, 2, 7]) {
      const client = await open(route);
      const text = `${head(route, 'POST', '/')}Content-Length: ${bytes}\r\n\r\n${body}`;
      const size = Math.ceil(text.length / pieces);
      for (let at = 0; at < text.length; at += size) {
        client.write(text.slice(at, at + size));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.until('done');
      client.leave();
    }
    expect(upstream.requests.map((request) => request.body)).toEqual([body, body, body]);
    // All on one connection, with nothing before, between or behind.
    const [text = ''] = received.map((all) => all.text);
    expect(received).toHaveLength(1);
    const one = text.slice(0, text.indexOf('\r\n\r\n') + 4) + body;
    expect(text).toBe(one.repeat(3));
    expect(one).toMatch(
      new RegExp(`^POST / HTTP/1\\.1\r\nHost: [^\r\n]+\r\nContent-Length: ${bytes}\r\nVia: [^\r\n]+\r\n\r\n`),
    );
  });

  it.each(sizes)('a body of %i bytes in chunks is written in plain chunks', async (bytes) => {
    const { open, head, upstream, received } = await startRecorded();
    const body = bodyOf(bytes);
    for (const size of [1_021, 65_536, 300_000]) {
      const client = await open(route);
      client.write(`${head(route, 'POST', '/')}Transfer-Encoding: chunked\r\n\r\n${inChunks(body, size)}`);
      await client.until('done');
      client.leave();
    }
    expect(upstream.requests.map((request) => request.body)).toEqual([body, body, body]);
    const requests = (received[0]?.text ?? '').split(/(?=POST \/ HTTP\/1\.1\r\n)/);
    expect(requests).toHaveLength(3);
    for (const text of requests) {
      const end = text.indexOf('\r\n\r\n') + 4;
      expect(text.slice(0, end)).toMatch(/\r\nTransfer-Encoding: chunked\r\n/);
      expect(text.slice(0, end)).not.toMatch(/content-length/i);
      expect(plainChunks(text.slice(end))).toBe(body);
    }
  });

  it('who announces more than he sends, and leaves, has nobody’s request finish his own', async () => {
    const { sidecar, target, open, head, upstream, received } = await startRecorded();
    for (const fields of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      const client = await open(route);
      const sent = fields.startsWith('C') ? 'part' : '64\r\npart';
      const before = upstream.requests.length;
      client.write(`${head(route, 'POST', '/left')}${fields}\r\n\r\n${sent}`);
      await poll(() => upstream.requests[before]?.body === 'part', { what: 'the part' });
      client.leave();
      await poll(async () => (await openCounts(sidecar)).connections === 0, { what: 'the close' });
      expect((await ask(sidecar.proxy, target(route, '/next'), { body: 'next' })).body).toBe('done');
      // The pooled connection goes too, so that each round begins with none.
      upstream.server.closeAllConnections();
      await poll(async () => (await openCounts(sidecar)).connections === 0, { what: 'the close' });
    }
    expect(received.map(({ text }) => text.match(/POST \S+/g))).toEqual([
      ['POST /left'],
      ['POST /next'],
      ['POST /left'],
      ['POST /next'],
    ]);
  });

  it('a server that closes amid an upload gets it once, and the client is told', async () => {
    const { sidecar, open, head, upstream } = await startRecorded((request) => {
      request.once('data', () => request.socket.destroy());
    });
    const client = await open(route);
    client.write(`${head(route, 'POST', '/')}Content-Length: 1000000\r\n\r\n${'x'.repeat(100_000)}`);
    await client.until(/\r\n\r\n.+/s);
    await expectFailure(parseResponses(client.received)[0], sidecar, { server, reason: 'connection_lost' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('an answer that begins amid the upload goes on beside it to the end of both', async () => {
    const { open, head, upstream } = await startRecorded((request, response) => {
      request.once('data', () => response.write('early'));
      request.once('end', () => response.end('late'));
    });
    const client = await open(route);
    for (let round = 1; round <= 2; round++) {
      client.write(`${head(route, 'POST', '/')}Content-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`);
      await poll(() => client.received.split('early').length > round, { what: 'the beginning' });
      client.write('y'.repeat(100_000));
      await poll(() => client.received.split('late').length > round, { what: 'the end' });
    }
    await poll(() => parseResponses(client.received).length === 2);
    expect(parseResponses(client.received)).toMatchObject([
      { status: 200, body: 'earlylate', complete: true },
      { status: 200, body: 'earlylate', complete: true },
    ]);
    expect(upstream.requests.map(({ connection, body }) => [connection, body.length])).toEqual([
      [1, 200_000],
      [1, 200_000],
    ]);
  });
});

describe('however a client frames and cuts its requests', () => {
  let relay: Awaited<ReturnType<typeof startRecorded>>;
  let received: { text: string }[];
  beforeAll(async () => {
    relay = await startRecorded();
    ({ received } = relay);
  });
  afterAll(() => relay.sidecar.close());

  const request = fc.record({
    method: fc.constantFrom('POST', 'PUT', 'DELETE', 'GET'),
    framing: fc.constantFrom('length', 'chunked', 'none'),
    bytes: fc.oneof(fc.nat(300), fc.constantFrom(65_535, 65_536, 65_537)),
    chunk: fc.integer({ min: 1, max: 70_000 }),
  });

  it.each(routes)('the server is asked the same, in the same order, by $name', async (route) => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 6 }),
        async (asked, cuts) => {
          const { upstream, open, head } = relay;
          const before = upstream.requests.length;
          const expected = asked.map(({ method, framing, bytes }, index) => ({
            method,
            url: `/${++round}/${index}`,
            body: framing === 'none' ? '' : bodyOf(bytes),
          }));
          const text = asked
            .map(({ framing, chunk }, index) => {
              const { method = '', url = '', body = '' } = expected[index] ?? {};
              const line = head(route, method, url);
              if (framing === 'none') return `${line}\r\n`;
              if (framing === 'length') return `${line}Content-Length: ${body.length}\r\n\r\n${body}`;
              return `${line}Transfer-Encoding: chunked\r\n\r\n${inChunks(body, body.length > 300 ? chunk : (chunk % 50) + 1)}`;
            })
            .join('');
          const client = await open(route);
          for (let at = 0, turn = 0; at < text.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            client.write(text.slice(at, at + size));
            at += size;
            if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await poll(() => client.received.split('done').length > asked.length, { what: 'all answers' });
          client.leave();
          const got = upstream.requests.slice(before);
          expect(got.map(({ method, url, body }) => ({ method, url, body }))).toEqual(expected);
          for (const { text: all } of received) expect(all).toMatch(/^(?:[A-Z]+ \/|$)/);
        },
      ),
      { numRuns: 40, seed: 20_261_123 },
    );
  });
});

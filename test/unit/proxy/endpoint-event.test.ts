import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EndpointFilter } from '../../../src/proxy/endpoint-event.ts';
import type { RewriteContext } from '../../../src/proxy/rewrite.ts';

const context: RewriteContext = {
  server: 'mcp',
  protocol: 'https',
  authority: { host: 'mcp.test', port: 443 },
  target: '/sse',
  isOwnListener: ({ port }) => port === 8921,
};

/** All that passes of a stream that comes in these chunks, and the reason of the failure that ended it. */
function run(chunks: readonly Buffer[]): { passed: string; failed: string | undefined } {
  const filter = new EndpointFilter(context);
  let passed = Buffer.alloc(0);
  for (const chunk of chunks) {
    const { pass, failure } = filter.push(chunk);
    passed = Buffer.concat([passed, pass]);
    if (failure !== undefined) return { passed: passed.toString('latin1'), failed: failure.reason };
  }
  const { pass, failure } = filter.flush();
  return { passed: Buffer.concat([passed, pass]).toString('latin1'), failed: failure?.reason };
}

const runWhole = (text: string) => run([Buffer.from(text, 'latin1')]);

describe('the endpoint event of a stream', () => {
  it.each([
    ['event: endpoint\ndata: /messages?id=1\n\n', 'event: endpoint\ndata: /mcp/messages?id=1\n\n'],
    ['event:endpoint\ndata:messages?id=1\n\n', 'event:endpoint\ndata: /mcp/messages?id=1\n\n'],
    ['event: endpoint\r\ndata: https://mcp.test/m\r\n\r\n', 'event: endpoint\ndata: /mcp/m\n\n'],
    ['event: endpoint\rdata: https://MCP.test:443/m\r\rdata', 'event: endpoint\ndata: /mcp/m\n\ndata'],
    ['data: /m#f\nid: 1\nevent: endpoint\n: c\n\n', 'id: 1\nevent: endpoint\n: c\ndata: /mcp/m#f\n\n'],
    [': hi\n\nevent: endpoint\ndata: /m\n\n', ': hi\n\nevent: endpoint\ndata: /mcp/m\n\n'],
    ['event: endpoint\ndata: /other/m\n\n', 'event: endpoint\ndata: /mcp/other/m\n\n'],
    ['event: endpoint\ndata: /a/../../other\n\n', 'event: endpoint\ndata: /mcp/other\n\n'],
  ])('%j on the own origin becomes %j', (sent, expected) => {
    expect(runWhole(sent)).toEqual({ passed: expected, failed: undefined });
  });

  it.each([
    'https://evil.test/m',
    '//evil.test/m',
    'http://mcp.test/m',
    'https://mcp.test:8443/m',
    'http://127.0.0.1:8921/other/m',
    'javascript:alert(1)',
    'https://',
    '\\\\evil.test/m',
  ])('one that leads to %s is refused, and nothing of it passes', (place) => {
    expect(runWhole(`: hi\n\nevent: endpoint\ndata: ${place}\n\n`)).toEqual({
      passed: ': hi\n\n',
      failed: 'response_malformed',
    });
  });

  it('one without a place is refused', () => {
    expect(runWhole('event: endpoint\n\n').failed).toBe('response_malformed');
  });

  it('a second one is refused before it is whole', () => {
    const first = 'event: endpoint\ndata: /m\n\n';
    for (const second of [
      'event: endpoint\ndata: /evil\n\n',
      'event:endpoint\r',
      'id: 1\nevent: endpoint\n',
    ]) {
      const { passed, failed } = runWhole(`${first}data: 1\n\n${second}`);
      expect(failed).toBe('response_malformed');
      expect(passed).not.toContain('evil');
      expect(passed.endsWith('\n\n')).toBe(false);
    }
  });

  it.each([
    'event: endpoints\n\n',
    'event: end\n\n',
    ': event: endpoint\n\n',
    'data: event: endpoint\n\n',
    ' event: endpoint\n\n',
  ])('%j is none, be it the first or a later one', (text) => {
    expect(runWhole(text + text)).toEqual({ passed: text + text, failed: undefined });
  });

  it('a large first event is a message: it passes, and little of it is held back', () => {
    const message = `data: ${'x'.repeat(200_000)}\n\n`;
    expect(runWhole(message)).toEqual({ passed: message, failed: undefined });
    const pieces = message.match(/[^]{1,1000}/g)?.map((piece) => Buffer.from(piece)) ?? [];
    expect(run(pieces)).toEqual({ passed: message, failed: undefined });

    const filter = new EndpointFilter(context);
    const held = pieces
      .slice(0, 100)
      .reduce((all, piece) => all + piece.length - filter.push(piece).pass.length, 0);
    expect(held).toBeLessThan(70_000);
  });

  it.each([
    ['before', `event: endpoint\ndata: /m\ndata: ${'x'.repeat(100_000)}\n\n`],
    ['after', `data: ${'x'.repeat(100_000)}\nevent: endpoint\n\n`],
  ])('one too large to be held back, named %s its data, is refused before it is whole', (_, text) => {
    const pieces = text.match(/[^]{1,1000}/g)?.map((piece) => Buffer.from(piece)) ?? [];
    const { passed, failed } = run(pieces);
    expect(failed).toBe('response_malformed');
    expect(passed.endsWith('\n')).toBe(false);
  });

  it('comments pass at once, and so does everything after the first event', () => {
    const filter = new EndpointFilter(context);
    const pass = (text: string) => filter.push(Buffer.from(text)).pass.toString();
    expect(pass(': one\n')).toBe(': one\n');
    expect(pass('\n: two\n\n')).toBe('\n: two\n\n');
    expect(pass('data: 1\n')).toBe('');
    expect(pass('\n')).toBe('data: 1\n\n');
    expect(pass('data: 2')).toBe('data: 2');
    expect(pass('\n')).toBe('\n');
  });

  it('a stream that ends right after it changes nothing', () => {
    expect(runWhole('event: endpoint\ndata: /m\r\r')).toEqual({
      passed: 'event: endpoint\ndata: /mcp/m\n\n',
      failed: undefined,
    });
    expect(runWhole('event: endpoint\ndata: //evil.test\r\r')).toEqual({
      passed: '',
      failed: 'response_malformed',
    });
    // Cut short it is no event to any client (HTML standard, section 9.2.6).
    expect(runWhole('event: endpoint\ndata: //evil.test')).toEqual({ passed: '', failed: undefined });
  });

  it('a long first event that comes in many pieces takes little time', () => {
    const filter = new EndpointFilter(context);
    const startedMs = performance.now();
    for (let sent = 0; sent < 60_000; sent += 100) filter.push(Buffer.alloc(100, 'x'));
    filter.push(Buffer.from('\n\n'));
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  it('what was held back of a stream that ends early comes at its end', () => {
    expect(runWhole('data: ha')).toEqual({ passed: 'data: ha', failed: undefined });
  });
});

describe('any stream', () => {
  const line = fc.constantFrom(
    'event: endpoint',
    'event:endpoint',
    'event: message',
    'data: /messages?id=1',
    'data: https://evil.test/m',
    'data: caf\xc3\xa9',
    ': comment',
    'id: 7',
    'retry: 1',
    'data',
    '',
    '',
    '',
    '\xef\xbb\xbfdata: bom',
    'x'.repeat(40),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 14 })
    .map((lines) => lines.flat().join(''));

  it('gives the same bytes and the same verdict, however it is cut into chunks', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat({ max: 200 }), { maxLength: 8 }), (text, cuts) => {
        const bytes = Buffer.from(text, 'latin1');
        const whole = run([bytes]);
        const single = run(Array.from(bytes, (byte) => Buffer.from([byte])));
        const places = [0, ...cuts.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length];
        const cut = run(places.slice(1).map((end, index) => bytes.subarray(places[index], end)));
        expect(single).toEqual(whole);
        expect(cut).toEqual(whole);
      }),
      { numRuns: 3_000 },
    );
  });

  it('without an endpoint event passes untouched', () => {
    const harmless = stream.filter((text) => !/endpoint/.test(text));
    fc.assert(
      fc.property(harmless, (text) => {
        expect(runWhole(text)).toEqual({ passed: text, failed: undefined });
      }),
      { numRuns: 1_000 },
    );
  });

  it('never lets an endpoint event pass that leads away', () => {
    fc.assert(
      fc.property(stream, (text) => {
        const { passed } = runWhole(text);
        // As a client reads it: the fields of each event up to its blank line.
        const events = passed.split(/\r\n\r\n|\n\n|\r\r|\r\n\n|\n\r\n|\n\r|\r\r\n/);
        for (const event of events.slice(0, -1)) {
          const lines = event.split(/\r\n|\n|\r/);
          if (lines.some((one) => /^event: ?endpoint$/.test(one)))
            expect(lines.filter((one) => one.startsWith('data'))).not.toContain('data: https://evil.test/m');
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

import { env } from 'node:process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainHead } from '../../../src/downstream/plain-head.ts';
import type { Said } from '../changed-messages.ts';
import { changed, plain } from './requests.ts';
import { requestsByLlhttp } from './requests-by-llhttp.ts';

/** For longer runs: REQUEST_FUZZ_RUNS=1000000 REQUEST_FUZZ_SEED=2 npx vitest run <this file> */
const numRuns = Number(env['REQUEST_FUZZ_RUNS'] ?? 25_000);
const seed = Number(env['REQUEST_FUZZ_SEED'] ?? 20_261_123);

const maxHeadBytes = 65_536;
const next = 'GET /the-next HTTP/1.1\r\nHost: next\r\n\r\n';

/** @returns whether we take it @throws where llhttp reads something else, or ends it elsewhere */
async function compare({ bytes }: Said): Promise<boolean> {
  const head = readPlainHead(bytes, maxHeadBytes);
  if (head === undefined) return false;
  const { method, url, httpVersion, rawHeaders, keepsAlive } = head;
  const end = head.bytes + head.bodyBytes;
  const body = bytes.toString('latin1', head.bytes, end);
  const complete = bytes.length >= end;
  const context = JSON.stringify(bytes.toString('latin1'));
  const read = { method, url, httpVersion, rawHeaders, keepsAlive, body, complete };
  const alone = await requestsByLlhttp(bytes.subarray(0, end));
  expect(alone, context).toEqual([read]);
  if (!complete) return true;
  // It ends where we say: not a byte before, and what comes behind is another.
  const [early] = await requestsByLlhttp(bytes.subarray(0, end - 1));
  expect(early?.complete ?? false, context).toBe(false);
  if (!keepsAlive) return true;
  const both = await requestsByLlhttp(Buffer.concat([bytes.subarray(0, end), Buffer.from(next)]));
  expect(both, context).toMatchObject([read, { url: '/the-next', rawHeaders: ['Host', 'next'] }]);
  return true;
}

it.each(plain)('a plain request is taken by both, and read alike: %s %j', async (method, text) => {
  expect(await compare({ method, bytes: Buffer.from(text, 'latin1') })).toBe(true);
});

it(
  `no change to a request makes us take what llhttp reads otherwise (${numRuns} cases, seed ${seed})`,
  { timeout: 30_000 + numRuns },
  async () => {
    let taken = 0;
    const property = fc.asyncProperty(changed, async (said) => {
      if (await compare(said)) taken++;
    });
    await fc.assert(property, { numRuns, seed });
    process.stdout.write(`of ${numRuns} changed requests ${taken} were still plain\n`);
    // Most changes do no harm or are refused: both kinds are there.
    expect(taken).toBeGreaterThan(numRuns / 10);
    expect(taken).toBeLessThan(numRuns * 0.9);
  },
);

describe('left to node:http is', () => {
  const rest = 'Host: a\r\n\r\n';
  it.each([
    ['a head that is not whole', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['an empty line before it', `\r\nGET / HTTP/1.1\r\n${rest}`],
    ['a bare LF', `GET / HTTP/1.1\nHost: a\r\n\r\n`],
    ['a bare CR', `GET / HTTP/1.1\r\nX: a\rb\r\n${rest}`],
    ['a NUL', `GET / HTTP/1.1\r\nX: a\0\r\n${rest}`],
    ['what is not ASCII', `GET / HTTP/1.1\r\nX: \xe9\r\n${rest}`],
    ['HTTP/1.0', `GET / HTTP/1.0\r\n${rest}`],
    ['a CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n'],
    ['an unknown method', `BREW / HTTP/1.1\r\n${rest}`],
    ['a method in lower case', `get / HTTP/1.1\r\n${rest}`],
    ['two spaces in the request line', `GET  / HTTP/1.1\r\n${rest}`],
    ['a tab in the request line', `GET\t/ HTTP/1.1\r\n${rest}`],
    ['a fragment', `GET /#a HTTP/1.1\r\n${rest}`],
    ['an asterisk', `OPTIONS * HTTP/1.1\r\n${rest}`],
    ['https in absolute form', `GET https://a/ HTTP/1.1\r\n${rest}`],
    ['user info', `GET http://u:p@a/ HTTP/1.1\r\n${rest}`],
    ['no header at all', 'GET / HTTP/1.1\r\n\r\n'],
    ['no Host', 'GET / HTTP/1.1\r\nAccept: a\r\n\r\n'],
    ['two of them', `GET / HTTP/1.1\r\nHost: a\r\n${rest}`],
    ['a line that goes on', `GET / HTTP/1.1\r\nX: a\r\n b\r\n${rest}`],
    ['a space before the colon', `GET / HTTP/1.1\r\nX : a\r\n${rest}`],
    ['a line without a colon', `GET / HTTP/1.1\r\nX\r\n${rest}`],
    ['a name that is none', `GET / HTTP/1.1\r\nX(: a\r\n${rest}`],
    ['chunks', `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${rest}`],
    ['chunks and a length', `POST / HTTP/1.1\r\nContent-Length: 0\r\ntransfer-encoding: x\r\n${rest}`],
    ['two lengths', `POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n${rest}x`],
    ['a length with a sign', `POST / HTTP/1.1\r\nContent-Length: +1\r\n${rest}x`],
    ['an empty length', `POST / HTTP/1.1\r\nContent-Length:\r\n${rest}`],
    ['an endless length', `POST / HTTP/1.1\r\nContent-Length: ${'9'.repeat(16)}\r\n${rest}`],
    ['Expect', `POST / HTTP/1.1\r\nExpect: 100-continue\r\n${rest}`],
    ['Upgrade', `GET / HTTP/1.1\r\nUpgrade: websocket\r\n${rest}`],
    ['Proxy-Connection', `GET / HTTP/1.1\r\nProxy-Connection: close\r\n${rest}`],
    ['Connection with another name', `GET / HTTP/1.1\r\nConnection: keep-alive, x\r\n${rest}`],
    ['Connection twice', `GET / HTTP/1.1\r\nConnection: close\r\nConnection: keep-alive\r\n${rest}`],
    ['a head that is too long', `GET / HTTP/1.1\r\nX: ${'a'.repeat(maxHeadBytes)}\r\n${rest}`],
  ])('%s', (_, text) => {
    expect(readPlainHead(Buffer.from(text, 'latin1'), maxHeadBytes)).toBeUndefined();
  });
});

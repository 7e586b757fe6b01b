import { env } from 'node:process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readByLlhttp } from './read-by-llhttp.ts';
import { readByUs, type Reading } from './read-by-us.ts';
import type { Said } from '../changed-messages.ts';
import { changed, good } from './responses.ts';

/** For longer runs: RESPONSE_FUZZ_RUNS=1000000 RESPONSE_FUZZ_SEED=2 npx vitest run <this file> */
const numRuns = Number(env['RESPONSE_FUZZ_RUNS'] ?? 25_000);
const seed = Number(env['RESPONSE_FUZZ_SEED'] ?? 20_261_123);

/** All that we refuse and llhttp takes: our words for it, what it looks like, and one of its kind. */
const stricter: readonly (readonly [
  what: string,
  refusal: RegExp,
  looks: RegExp,
  method: string,
  text: string,
])[] = [
  [
    'empty lines before a status line',
    /^(?:no status line|a control character)/,
    /(?:^|\r\n\r\n)[\r\n]/,
    'GET',
    '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
  [
    'a control character in the reason phrase',
    /^a control character in the head/,
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    /HTTP\/1\.[01] \d{3} [^\r\n]*[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/,
    'GET',
    'HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n',
  ],
  ['a status below 100', /^no status line/, /HTTP\/1\.[01] 0\d\d/, 'GET', 'HTTP/1.1 099 X\r\n\r\n'],
  ['another version', /^no status line/, /HTTP\/(?:0\.9|2\.0) /, 'GET', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['another protocol', /^no status line/, /(?:RTSP|ICE)\/1\.0 /, 'GET', 'RTSP/1.0 200 OK\r\n\r\n'],
  [
    'a transfer coding other than chunked, once, in HTTP/1.1',
    /^a transfer coding/,
    /transfer-encoding:/i,
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'a tab behind chunked, which llhttp takes for another coding',
    /^a transfer coding/,
    /chunked *\t/i,
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n',
  ],
  [
    'chunks in HTTP/1.0',
    /^a transfer coding/,
    /transfer-encoding:/i,
    'GET',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'an extension of a chunk without a name or a value, or with a backslash',
    /^a chunk size that is none/,
    /;/,
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\r\nx\r\n0\r\n\r\n',
  ],
  [
    'a chunk size of more than 13 digits',
    /^a chunk size that is none/,
    /[\da-f]{14}/i,
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000001\r\nx\r\n0\r\n\r\n',
  ],
  [
    'a Content-Length of more than 15 digits',
    /^a Content-Length that is none/,
    /\d{16}/,
    'HEAD',
    'HTTP/1.1 200 OK\r\nContent-Length: 0000000000000001\r\n\r\n',
  ],
  [
    'Transfer-Encoding among trailers',
    /^a length among the trailers/,
    /transfer-encoding:/i,
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
];

const said = (method: string, text: string): Said => ({ method, bytes: Buffer.from(text, 'latin1') });

/** What llhttp says to the same bytes; where we say that the response ends, it is to say so at the same one. */
function readAlike({ method, bytes }: Said, { end }: Reading): Promise<Reading> {
  if (end === undefined) return readByLlhttp([bytes], method);
  return readByLlhttp([bytes.subarray(0, end - 1), bytes.subarray(end - 1, end)], method);
}

/** @throws where we take what llhttp does not, or otherwise than it does, or refuse what is not listed */
async function compare(what: Said): Promise<void> {
  const ours = readByUs([what.bytes], what.method);
  const theirs = await readAlike(what, ours);
  const text = what.bytes.toString('latin1');
  const context = `${what.method} ${JSON.stringify(text)}`;
  const { outcome, refusal = '', ...read } = ours;
  if (outcome === 'whole' || outcome === 'switched') {
    expect(theirs, context).toMatchObject(read);
    // Where a 101 names no protocol llhttp goes on with HTTP. For us HTTP is over, and the exchange refuses it.
    const isAlike = theirs.outcome === outcome || (outcome === 'switched' && !/^upgrade:/im.test(text));
    expect(isAlike || theirs.outcome === 'whole', context).toBe(true);
    return;
  }
  // What was handed on before the end was the same.
  expect(theirs.heads.slice(0, ours.heads.length), context).toEqual(ours.heads);
  expect(theirs.body.startsWith(ours.body), context).toBe(true);
  if (theirs.outcome !== 'whole' && theirs.outcome !== 'switched') return;
  const isListed = stricter.some(([, why, looks]) => why.test(refusal) && looks.test(text));
  expect(isListed, `${refusal || outcome}: ${context}`).toBe(true);
}

it.each(good)('a good response is taken by both: %s %j', async (method, text) => {
  const what = said(method, text);
  expect(readByUs([what.bytes], method).outcome).toMatch(/^(?:whole|switched)$/);
  await compare(what);
});

it(
  `no change to a response makes us take what llhttp refuses, or read it otherwise (${numRuns} cases, seed ${seed})`,
  { timeout: 30_000 + numRuns },
  async () => {
    await fc.assert(fc.asyncProperty(changed, compare), { numRuns, seed });
  },
);

describe('stricter than llhttp is the refusal of', () => {
  it.each(stricter)('%s', async (_, why, looks, method, text) => {
    const ours = readByUs([Buffer.from(text, 'latin1')], method);
    expect(ours).toMatchObject({ outcome: 'refused', refusal: expect.stringMatching(why) as unknown });
    expect(text).toMatch(looks);
    expect((await readByLlhttp([Buffer.from(text, 'latin1')], method)).outcome).toBe('whole');
  });
});

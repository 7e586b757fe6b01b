import { describe, expect, it } from 'vitest';
import { HeadForm } from '../../../src/upstream/head-form.ts';

const head = (length: string, behind = '') =>
  `POST /mcp HTTP/1.1\r\nHost: a\r\nX: 103\r\ncontent-Length:${length}${behind}`;

describe.each([
  ['as the last line', ''],
  ['before others', '\r\nAuthorization: Bearer 103\r\nB: 103'],
])('a Content-Length %s', (_, behind) => {
  it.each([[' '], [''], ['\t  ']])('behind %j', (blank) => {
    const form = new HeadForm(head(`${blank}103`, behind), '103');
    for (const length of ['103', '7', '0', '12345', '007', '9'.repeat(15)]) {
      const other = head(blank + length, behind);
      expect(form.lengthOf(other)).toBe(length);
      expect(form.withLength(length)).toBe(other);
    }
  });

  it.each([
    ['no number', head(' ', behind)],
    ['a longer number than a number holds', head(` ${'9'.repeat(16)}`, behind)],
    ['a sign', head(' +1', behind)],
    ['two numbers', head(' 1, 1', behind)],
    ['a blank before it', head('  1', behind)],
    ['a blank behind it', head(' 1 ', behind)],
    ['a line behind it', head(' 1\r\nX: 1', behind)],
    ['another letter in the line before', head(' 103', behind).replace('X:', 'x:')],
    ['another number in the line before', head(' 103', behind).replace('X: 103', 'X: 104')],
    ['another target', head(' 103', behind).replace('/mcp', '/mcq')],
    ['a line before it', `X: 1\r\n${head(' 103', behind)}`],
    ['another line behind it', `${head(' 103', behind)}\r\nZ: 1`],
    ['what ends early', head(' 103', behind).slice(0, -1 - behind.length)],
    ['nothing', ''],
  ])('is not that of a head with %s', (what, other) => {
    const form = new HeadForm(head(' 103', behind), '103');
    // Without its last letter the number alone is another: that is the same form.
    expect(form.lengthOf(other)).toBe(what === 'what ends early' && behind === '' ? '10' : undefined);
  });
});

it('a head without a Content-Length is of the form of no other', () => {
  const form = new HeadForm('GET / HTTP/1.1\r\nHost: a', '');
  expect(form.lengthOf('GET / HTTP/1.1\r\nHost: a')).toBe('');
  expect(form.lengthOf('GET / HTTP/1.1\r\nHost: b')).toBeUndefined();
  expect(form.lengthOf('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1')).toBeUndefined();
  expect(form.withLength('')).toBe('GET / HTTP/1.1\r\nHost: a');
});

it('a header that ends in its name is another', () => {
  const form = new HeadForm('HTTP/1.1 200 OK\r\nX-Content-Length: 5\r\nContent-Length: 5', '5');
  expect(form.lengthOf('HTTP/1.1 200 OK\r\nX-Content-Length: 6\r\nContent-Length: 5')).toBeUndefined();
  expect(form.withLength('6')).toBe('HTTP/1.1 200 OK\r\nX-Content-Length: 5\r\nContent-Length: 6');
});

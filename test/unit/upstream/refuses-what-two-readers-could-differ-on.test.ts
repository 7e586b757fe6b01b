import { describe, expect, it } from 'vitest';
import { readByLlhttp } from './read-by-llhttp.ts';
import { readByUs } from './read-by-us.ts';

const head = (fields: string, line = 'HTTP/1.1 200 OK') => `${line}\r\n${fields}\r\n\r\nhello`;
const chunked = (rest: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${rest}`;

const bad: Readonly<Record<string, string>> = {
  'two lengths': head('Content-Length: 5\r\nContent-Length: 6'),
  'two lengths that agree': head('Content-Length: 5\r\nContent-Length: 5'),
  'a list of lengths': head('Content-Length: 5, 5'),
  'a length with a sign': head('Content-Length: +5'),
  'a negative length': head('Content-Length: -5'),
  'a hexadecimal length': head('Content-Length: 0x5'),
  'a length beyond 64 bits': head('Content-Length: 18446744073709551621'),
  'an empty length': head('Content-Length:'),
  'a length with a space within': head('Content-Length: 5 0'),
  'a length and chunks': head('Content-Length: 5\r\nTransfer-Encoding: chunked'),
  'chunks and a length': head('Transfer-Encoding: chunked\r\nContent-Length: 5'),
  'a space before the colon': head('Content-Length : 5'),
  'a tab before the colon': head('Transfer-Encoding\t: chunked'),
  'a line that goes on': head('X: a\r\n b\r\nContent-Length: 5'),
  'a first line that goes on': head(' X: a\r\nContent-Length: 5'),
  'a name of nothing': head(': a\r\nContent-Length: 5'),
  'a line without a colon': head('X\r\nContent-Length: 5'),
  'a NUL in a value': head('X: a\0\r\nContent-Length: 5'),
  'a NUL in a name': head('X\0: a\r\nContent-Length: 5'),
  'a DEL in a value': head('X: a\x7f\r\nContent-Length: 5'),
  'a byte beyond ASCII in a name': head('X\xe9: a\r\nContent-Length: 5'),
  'a CR in a value': head('X: a\rb\r\nContent-Length: 5'),
  'a bare LF in a value': head('X: a\nContent-Length: 5'),
  'bare LFs as ends of lines': 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
  'a bare LF as the end of the head': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello',
  'a version of two digits': head('Content-Length: 5', 'HTTP/1.10 200 OK'),
  'a version beyond 1.1': head('Content-Length: 5', 'HTTP/1.2 200 OK'),
  'a version in lower case': head('Content-Length: 5', 'http/1.1 200 OK'),
  'another protocol': head('Content-Length: 5', 'ICY 200 OK'),
  'two spaces before the status': head('Content-Length: 5', 'HTTP/1.1  200 OK'),
  'a status of two digits': head('Content-Length: 5', 'HTTP/1.1 20 OK'),
  'a status of four digits': head('Content-Length: 5', 'HTTP/1.1 2000 OK'),
  'a status that a word follows at once': head('Content-Length: 5', 'HTTP/1.1 200OK'),
  'an interim response that ends the connection': `HTTP/1.1 100 C\r\nConnection: close\r\n\r\n${head('Content-Length: 5')}`,
  'one that says so in the words of old proxies': `HTTP/1.1 100 C\r\nProxy-Connection: close\r\n\r\n${head('Content-Length: 5')}`,
  'an interim response of HTTP/1.0': `HTTP/1.0 100 C\r\n\r\n${head('Content-Length: 5')}`,
  'a body of an interim response': `HTTP/1.1 103 E\r\nContent-Length: 3\r\n\r\nabc${head('Content-Length: 5')}`,
  'a chunk size with a sign': chunked('+5\r\nhello\r\n0\r\n\r\n'),
  'a hexadecimal prefix': chunked('0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size beyond 64 bits': chunked('10000000000000005\r\nhello\r\n0\r\n\r\n'),
  'a space before a chunk size': chunked(' 5\r\nhello\r\n0\r\n\r\n'),
  'a space behind a chunk size': chunked('5 \r\nhello\r\n0\r\n\r\n'),
  'a chunk size that ends in LF': chunked('5\nhello\r\n0\r\n\r\n'),
  'an extension that ends in LF': chunked('5;a\nhello\r\n0\r\n\r\n'),
  'a CR in an extension': chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'),
  'an empty chunk size': chunked('\r\nhello\r\n0\r\n\r\n'),
  'a chunk shorter than its data': chunked('4\r\nhello\r\n0\r\n\r\n'),
  'a chunk that ends in LF': chunked('5\r\nhello\n0\r\n\r\n'),
  'a chunk that ends in CR and another': chunked('5\r\nhello\rx0\r\n\r\n'),
  'a last chunk that ends in LF': chunked('5\r\nhello\r\n0\n\r\n'),
  'an end that is a bare LF': chunked('5\r\nhello\r\n0\r\n\n'),
  'a bare LF in a trailer': chunked('5\r\nhello\r\n0\r\nX: a\nY: b\r\n\r\n'),
  'a NUL in a trailer': chunked('5\r\nhello\r\n0\r\nX: a\0\r\n\r\n'),
  'a CR in a trailer': chunked('5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n'),
  'a trailer that goes on': chunked('5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n'),
  'a trailer without a colon': chunked('5\r\nhello\r\n0\r\nX\r\n\r\n'),
  'a length among the trailers': chunked('5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n'),
};

describe.each(Object.entries(bad))('%s', (_, text) => {
  const bytes = Buffer.from(text, 'latin1');

  it('is refused, in one read and byte by byte', () => {
    expect(readByUs([bytes], 'GET').outcome).toBe('refused');
    expect(
      readByUs(
        Array.from(bytes, (byte) => Buffer.of(byte)),
        'GET',
      ).outcome,
    ).toBe('refused');
  });

  it('is refused by llhttp', async () => {
    expect((await readByLlhttp([bytes], 'GET')).outcome).toBe('refused');
  });
});

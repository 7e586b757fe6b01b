import fc from 'fast-check';

/** What a server says to a request. */
export interface Said {
  readonly method: string;
  readonly bytes: Buffer;
}

const long = 'x'.repeat(300);

/** Responses as they should be, one of each kind; what follows some is the next one. */
export const good: readonly (readonly [method: string, text: string])[] = [
  ['GET', 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello'],
  ['POST', 'HTTP/1.1 202 Accepted\r\ncontent-length:0\r\nMcp-Session-Id:\t1a2b \r\nEmpty:\r\n\r\n'],
  [
    'GET',
    `HTTP/1.1 200 OK\r\nContent-Length: 300\r\nX-Bytes: \x80\xa0\xff\r\n\r\n${long}HTTP/1.1 200 OK\r\n\r\n`,
  ],
  [
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00a\r\n0123456789\r\n0\r\n\r\n',
  ],
  [
    'GET',
    `HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\nTrailer: X\r\n\r\n12C\r\n${long}\r\n0\r\nX: 1\r\ny:\r\n\r\n`,
  ],
  [
    'GET',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=1;b="q x";c\r\nhi\r\n1;d\r\n!\r\n0;e=f\r\n\r\n',
  ],
  ['POST', 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n'],
  ['GET', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nokHTTP/1.0 404 No\r\n\r\n'],
  ['GET', 'HTTP/1.0 200 OK\r\n\r\nuntil the end'],
  ['POST', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  [
    'GET',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=x\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
  ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['DELETE', 'HTTP/1.1 204 No Content\r\nKeep-Alive: timeout=5, max=100\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 5\r\n\r\nhello'],
  [
    'GET',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello',
  ],
];

/** Lines and pieces by which readers have come to differ. */
const nasty: readonly string[] = [
  '\r|\n|\r\n|\n\n|\r\r\n|\r\n\r\n|\0|\t| |\x0b|\x0c|\x7f|\x80|\xa0|\xff|:|;|,|"|\\|=|0|1|a|F|g|-',
  '+|_|.|0x|00000000|ffffffffffffffff|10000000000000000|7fffffff|99999999999999999999',
  '\r\n |\r\n\t| \r\n|\r\n folded|Content-Length: 5\r\n|Content-Length: 6\r\n',
  'Content-Length: 0\r\n|Content-Length: 5, 5\r\n|Content-Length: +5\r\n|Content-Length: -5\r\n',
  'Content-Length: 0x5\r\n|Content-Length:\r\n|Content-Length : 5\r\n|Content-Length: 5 5\r\n',
  'Content-Length: 5\t\r\n|Content-Length: 005\r\n|Content_Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n|Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: gzip, chunked\r\n|Transfer-Encoding: chunked, gzip\r\n',
  'Transfer-Encoding: chunked, chunked\r\n|Transfer-Encoding: xchunked\r\n|Transfer-Encoding:\r\n',
  'Transfer-Encoding: \x0bchunked\r\n|Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding: "chunked"\r\n|Transfer-Encoding: chunked;q=1\r\n',
  ' Transfer-Encoding: chunked\r\n|Transfer-Encoding\r\n: chunked\r\n',
  'Connection: close\r\n|Connection: keep-alive\r\n|Connection: upgrade\r\nUpgrade: h2c\r\n',
  'Upgrade: websocket\r\n|Trailer: Content-Length\r\n|: empty\r\n|no colon\r\n|Two words: 1\r\n',
  'Obs: a\r\n b\r\n|Proxy-Connection: close\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 101 S\r\n\r\n',
  'HTTP/1.1 199 X\r\nContent-Length: 3\r\n\r\n|HTTP/1.1 200 OK\r\n|HTTP/1.1 204 N\r\n\r\n',
  'HTTP/1.2 |HTTP/2.0 |HTTP/0.9 |http/1.1 |ICY 200 OK\r\n|RTSP/1.0 |HTTP/1.1  200|099|600|999|1000',
  '0\r\n\r\n|0\r\n|5\r\nhello\r\n|-1\r\n|1 \r\nx\r\n| 1\r\nx\r\n|1;\r\nx\r\n|1;=\r\n|1;a="\r\n',
  '1;a="\\""\r\n|1;a=b c\r\n|1; a=b\r\nx\r\n|1\nx\r\n|1;\nx\r\n|1;a\nb\r\n|1\rx\r\n|\xef\xbb\xbf',
  'Transfer-Encoding: chunked\t\r\n|Transfer-Encoding:\tchunked \r\n|Connection: close\t\r\n',
  'Content-Length:\t5 \t\r\n|Connection:\t close , x\r\n|X-Empty:\t \r\n|X: a \t b\t\r\n',
].flatMap((several) => several.split('|'));

/** One change to what a server says, by numbers that mean something for any bytes. */
interface Change {
  readonly kind:
    'replace' | 'insert' | 'remove' | 'line' | 'again' | 'swap' | 'digit' | 'cut' | 'splice' | 'case';
  readonly at: number;
  readonly what: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(
    'replace',
    'insert',
    'remove',
    'line',
    'line',
    'again',
    'swap',
    'digit',
    'cut',
    'splice',
    'case',
  ),
  at: fc.nat(),
  what: fc.nat(),
});

/** A good response with some changes; with none now and then. */
export const changed: fc.Arbitrary<Said> = fc
  .tuple(fc.constantFrom(...good), fc.array(change, { maxLength: 4 }))
  .map(([[method, text], changes]) => ({
    method,
    bytes: Buffer.from(changes.reduce(apply, text), 'latin1'),
  }));

function apply(text: string, { kind, at, what }: Change): string {
  const index = at % (text.length + 1);
  const piece = nasty[what % nasty.length] ?? '';
  const lines = text.split('\r\n');
  const line = at % lines.length;
  switch (kind) {
    case 'replace':
      return text.slice(0, index) + piece + text.slice(index + piece.length);
    case 'insert':
      return text.slice(0, index) + piece + text.slice(index);
    case 'remove':
      return text.slice(0, index) + text.slice(index + 1 + (what % 4));
    case 'line':
      return lines.toSpliced(line, 0, piece.replace(/\r\n$/, '')).join('\r\n');
    case 'again':
      return lines.toSpliced(line, 0, lines[line] ?? '').join('\r\n');
    case 'swap':
      return lines.with(line, lines[what % lines.length] ?? '').join('\r\n');
    case 'digit':
      return replaceDigit(text, at, what);
    case 'cut':
      return text.slice(0, index);
    case 'case':
      return lines.with(line, (lines[line] ?? '').toUpperCase()).join('\r\n');
    case 'splice': {
      const [, other = ''] = good[what % good.length] ?? [];
      return text.slice(0, index) + other.slice(at % (other.length + 1));
    }
  }
}

function replaceDigit(text: string, at: number, what: number): string {
  const digits = [...text.matchAll(/[\da-f]/gi)];
  const index = digits[at % Math.max(1, digits.length)]?.index ?? 0;
  return text.slice(0, index) + '0123456789abcdefABCDEFg'.charAt(what % 23) + text.slice(index + 1);
}

import fc from 'fast-check';

/** What one side says; for a response the method of the request that it is to. */
export interface Said {
  readonly method: string;
  readonly bytes: Buffer;
}

type Good = readonly (readonly [method: string, text: string])[];

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
  'Host: b\r\n|Host:\r\n|Expect: 100-continue\r\n|GET / HTTP/1.1\r\n| HTTP/1.1\r\n| HTTP/1.0\r\n|#|?|*|@|//|%0a',
  'Content-Length:\t5 \t\r\n|Connection:\t close , x\r\n|X-Empty:\t \r\n|X: a \t b\t\r\n',
].flatMap((several) => several.split('|'));

/** One change to what is said, by numbers that mean something for any bytes. */
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

/** One of some good messages with some changes; with none now and then. */
export function changedFrom(good: Good): fc.Arbitrary<Said> {
  return fc
    .tuple(fc.constantFrom(...good), fc.array(change, { maxLength: 4 }))
    .map(([[method, text], changes]) => ({
      method,
      bytes: Buffer.from(
        changes.reduce((changed, next) => apply(changed, next, good), text),
        'latin1',
      ),
    }));
}

function apply(text: string, { kind, at, what }: Change, good: Good): string {
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

import { changedFrom } from '../changed-messages.ts';

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

/** One of them with some changes. */
export const changed = changedFrom(good);

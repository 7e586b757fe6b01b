import { changedFrom } from '../changed-messages.ts';

const long = 'x'.repeat(300);

/** Plain requests as clients send them, one of each kind; what follows some is the next one. */
export const plain: readonly (readonly [method: string, text: string])[] = [
  [
    'POST',
    'POST /dev/mcp HTTP/1.1\r\nHost: 127.0.0.1:8921\r\nAccept: application/json, text/event-stream\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"jsonrpc":"2"}',
  ],
  ['GET', 'GET /dev/sse?a=b&c=%20 HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\nEmpty:\r\n\r\n'],
  ['GET', 'GET http://mcp.test:8080/mcp HTTP/1.1\r\nhost: mcp.test:8080\r\nConnection: close\r\n\r\n'],
  ['GET', 'GET http://[::1] HTTP/1.1\r\nHost: [::1]\r\nX-Spaces: \t a \t b\t \r\n\r\n'],
  [
    'PUT',
    `PUT / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\ncookie: c=d\r\ncontent-length:300\r\n\r\n${long}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`,
  ],
  ['DELETE', 'DELETE /a/b;c?d HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTE: trailers\r\n\r\n'],
  ['HEAD', 'HEAD /a HTTP/1.1\r\nHost: a\r\nconnection: Keep-Alive\r\nKeep-Alive: 5\r\n\r\n'],
  ['OPTIONS', 'OPTIONS /a HTTP/1.1\r\nHost: a\r\nOrigin: http://localhost\r\n\r\n'],
  ['PATCH', 'PATCH /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'],
];

/** One of them with some changes. */
export const changed = changedFrom(plain);

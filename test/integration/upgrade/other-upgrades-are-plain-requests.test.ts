import { describe, expect, it } from 'vitest';
import { parseResponses } from '../../harness/parse-responses.ts';
import { key, startBefore, startSocketUpstream, ways, type HeadOptions } from './websocket-setup.ts';

const webSocket = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\n`;

const requests: readonly (HeadOptions & { readonly what: string; readonly body?: string })[] = [
  {
    what: 'h2c',
    upgrade: 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
  },
  { what: 'TLS/1.0', upgrade: 'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n' },
  {
    what: 'a choice of h2c and websocket',
    upgrade: `Connection: Upgrade\r\nUpgrade: h2c, websocket\r\nSec-WebSocket-Key: ${key}\r\n`,
  },
  { what: 'a WebSocket without a key', upgrade: 'Connection: Upgrade\r\nUpgrade: websocket\r\n' },
  {
    what: 'a WebSocket without Connection',
    upgrade: `Upgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\n`,
  },
  {
    what: 'a WebSocket by POST',
    method: 'POST',
    upgrade: webSocket,
    headers: 'Content-Length: 4\r\n',
    body: 'body',
  },
  {
    what: 'a WebSocket by POST without a body',
    method: 'POST',
    upgrade: webSocket,
    headers: 'Content-Length: 0\r\n',
  },
  {
    what: 'a WebSocket with a body',
    upgrade: webSocket,
    headers: 'Content-Length: 4\r\n',
    body: 'body',
  },
  {
    what: 'a WebSocket with a body in chunks',
    upgrade: webSocket,
    headers: 'Transfer-Encoding: chunked\r\n',
    body: '4\r\nbody\r\n0\r\n\r\n',
  },
  { what: 'a WebSocket in HTTP/1.0', version: '1.0', upgrade: webSocket },
];

describe.each(ways)('by $name', (way) => {
  it.each(requests)('$what is a plain request, and the last', async ({ body = '', ...asked }) => {
    const upstream = await startSocketUpstream(way.protocol, ({ write }) =>
      write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
    const { open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    // Whose beginning could be lost, and whose end be taken for a request.
    client.write(head(way, asked) + body + head(way, { path: '/next', upgrade: '' }));
    await client.untilEnded();
    const responses = parseResponses(client.received);
    expect(responses).toMatchObject([{ status: 200, body: 'ok' }]);
    expect(responses[0]?.header('connection')).toBe('close');
    expect(upstream.peers.length).toBe(1);
    const [first] = upstream.peers;
    expect(first?.head).toMatch(new RegExp(`^${asked.method ?? 'GET'} /ws HTTP/1\\.1\r\n`));
    expect(first?.head).not.toMatch(/^(?:upgrade|http2-settings):/im);
    expect(first?.head).not.toMatch(/^connection:.*upgrade/im);
    expect(first?.received).not.toContain('/next');
    if (body !== '') expect(first?.rest).toContain('body');
    expect(client.received).not.toMatch(/^upgrade:/im);
  });
});

import { describe, expect, it } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { startBefore, startSocketUpstream, switching, ways } from './websocket-setup.ts';

describe.each(ways)('by $name', (way) => {
  it('a WebSocket behind pipelined requests is had after them, with its first bytes', async () => {
    const release: (() => void)[] = [];
    const upstream = await startSocketUpstream(way.protocol, ({ head, write }) => {
      if (/^upgrade:/im.test(head)) write(`${switching()}\x81\x02hi`);
      else release.push(() => write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain'));
    });
    const { open, head } = await startBefore(upstream, way.protocol);
    const client = await open(way);
    client.write(`${head(way, { path: '/plain', upgrade: '' })}${head(way)}early`);
    await poll(() => release.length > 0, { what: 'the first request' });
    expect(upstream.peers.length).toBe(1);
    release[0]?.();
    await client.until('\x81\x02hi');
    expect([...client.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '101',
    ]);
    const [, peer] = upstream.peers;
    await poll(() => peer?.rest === 'early', { what: 'what came with the upgrade' });
  });
});

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

const noProxy = 'the upstream proxy does not answer as an HTTP proxy does';

it.each([
  {
    what: 'takes the CONNECT and says nothing',
    answer: () => undefined,
    reason: 'connect_timeout',
    words: 'the upstream proxy did not connect to it in time',
  },
  {
    what: 'never comes to the end of its head',
    answer: (socket: Socket) => {
      const more = () => !socket.destroyed && socket.write('X-More: 1\r\n'.repeat(1000), () => more());
      more();
    },
    reason: 'upstream_proxy_refused',
    words: noProxy,
  },
  {
    what: 'ends after an interim answer',
    answer: (socket: Socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'),
    reason: 'upstream_proxy_refused',
    words: noProxy,
  },
  {
    what: 'ends before it answers',
    answer: (socket: Socket) => socket.end(),
    reason: 'upstream_proxy_refused',
    words: noProxy,
  },
] as const)('one that $what is told apart from the server', async ({ answer, reason, words }) => {
  const sockets: Socket[] = [];
  const proxy = await startRawTcp((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  const settings = {
    upstream_proxy: `http://sidecar:hunter2@127.0.0.1:${proxy.port}`,
    timeouts: { dial: '500ms' },
  };
  const sidecar = await startInProcess({
    config: configText({ mcp: { url: 'https://mcp.test/' } }, settings),
  });
  const response = await ask(sidecar.proxy, '/mcp/');
  expect(JSON.parse(response.body)).toHaveProperty('title', `request to MCP server "mcp" failed: ${words}`);
  await expectFailure(response, sidecar, { server: 'mcp', reason });
  expect(JSON.stringify([sidecar.logs, response.body])).not.toMatch(/hunter2|c2lkZWNhcjpodW50ZXIy/);
  expect(sockets).toHaveLength(1);
});

it('one that sends interim answers first is waited for', async () => {
  const proxy = await startRawTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
      );
      socket.on('data', (bytes: Buffer) => socket.write(`echo ${bytes.toString()}`));
    });
  });
  const settings = { upstream_proxy: `http://127.0.0.1:${proxy.port}` };
  const sidecar = await startInProcess({ config: configText({}, settings) });
  const { response, socket } = await openTunnel(sidecar.proxy, 'host.test:9000');
  expect(response.status).toBe(200);
  socket.write('hello');
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toBe('echo hello');
});

import { createServer } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { listen } from '../harness/listen.ts';
import { openTunnel, startTlsInside } from '../harness/open-tunnel.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

async function startProxy(): Promise<string> {
  const server = createServer();
  server.on('connect', (request, socket) => {
    if (request.url === 'denied.test:443') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      return;
    }
    const port = Number(request.url?.split(':')[1]);
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
  });
  return (await listen(server)).authority;
}

it('opens a tunnel and speaks TLS inside', async () => {
  const root = createCa();
  const upstream = await startUpstream({ leaf: root.issue('mcp.test') });
  const tunnel = await openTunnel(await startProxy(), `mcp.test:${upstream.port}`);
  expect(tunnel.response.status).toBe(200);
  const socket = await startTlsInside(tunnel, { ca: root.pem, servername: 'mcp.test' });
  socket.write('GET /inside HTTP/1.1\r\nHost: mcp.test\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain('200 OK');
  expect(upstream.requests).toMatchObject([{ url: '/inside' }]);
});

it('shows the answer to a CONNECT that was denied', async () => {
  const { response } = await openTunnel(await startProxy(), 'denied.test:443');
  expect(response).toMatchObject({ status: 403, body: 'no' });
});

it('rejects where TLS inside fails', async () => {
  const upstream = await startUpstream({ leaf: createCa().issue('mcp.test') });
  const tunnel = await openTunnel(await startProxy(), `mcp.test:${upstream.port}`);
  await expect(startTlsInside(tunnel, { ca: createCa().pem, servername: 'mcp.test' })).rejects.toThrow();
});

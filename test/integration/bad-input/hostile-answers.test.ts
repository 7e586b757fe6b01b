import { Agent, request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const ca = createCa();
const config = (port: number) =>
  `mcp_servers:\n  s: { url: "https://mcp.test:${port}/mcp", ssl_verify: ${JSON.stringify(ca.pem)} }\n`;

describe('a server that answers before the upload ends', () => {
  it('does not leave the next requests of the connection waiting', async () => {
    const upstream = await startUpstream({
      leaf: ca.issue('mcp.test'),
      recordBodies: false,
      handler: (_, response) => response.writeHead(401, { 'Content-Length': 0 }).end(),
    });
    const sidecar = await startInProcess({ config: config(upstream.port) });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    cleanUp(() => agent.destroy());
    const post = () =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request(
          `${sidecar.proxyUrl}/s/mcp`,
          { agent, method: 'POST', timeout: 1_500 },
          (answer) => {
            answer.resume().once('end', () => resolve(answer.statusCode));
          },
        );
        sent.once('timeout', () => sent.destroy(new Error('no answer')));
        sent.once('error', reject).end(Buffer.alloc(400_000));
      });
    for (let round = 0; round < 4; round++) expect(await post()).toBe(401);
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server: 's', code: '401' })).toBe(4);
  });
});

describe('an endpoint event under a name that only resembles text/event-stream', () => {
  it.each(['text/event-streamx', 'TEXT/EVENT-STREAM;charset=utf-8', 'x; text/event-stream'])(
    '%s is judged all the same',
    async (type) => {
      const upstream = await startUpstream({
        leaf: ca.issue('mcp.test'),
        handler: (_, response) =>
          response.writeHead(200, { 'Content-Type': type }).end('event: endpoint\ndata: //evil.test/\n\n'),
      });
      const sidecar = await startInProcess({ config: config(upstream.port) });
      await expect(fetch(`${sidecar.proxyUrl}/s/sse`).then((answer) => answer.text())).rejects.toThrow();
      await expectFailure(undefined, sidecar, { server: 's', reason: 'response_malformed' });
    },
  );
});

describe('a transfer coding besides chunked', () => {
  it('is refused: with its header its name would be lost', async () => {
    const upstream = await startUpstream({
      leaf: ca.issue('mcp.test'),
      handler: (_, response) =>
        response.socket?.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'),
    });
    const sidecar = await startInProcess({ config: config(upstream.port) });
    const answer = await fetch(`${sidecar.proxyUrl}/s/mcp`);
    await expectFailure(answer, sidecar, { server: 's', reason: 'response_malformed' });
  });
});

describe('a GET that says it accepts an event stream, by name or not', () => {
  it.each(['text/event-stream', '*/*', 'text/*, application/json'])(
    'asks for it unencoded: %s',
    async (accept) => {
      const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
      const sidecar = await startInProcess({ config: config(upstream.port) });
      await fetch(`${sidecar.proxyUrl}/s/sse`, { headers: { accept, 'accept-encoding': 'gzip' } });
      expect(upstream.requests[0]?.headers['accept-encoding']).toBe('identity');
    },
  );

  it('leaves the encoding of others to the client', async () => {
    const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
    const sidecar = await startInProcess({ config: config(upstream.port) });
    await fetch(`${sidecar.proxyUrl}/s/x`, {
      headers: { accept: 'application/json', 'accept-encoding': 'gzip' },
    });
    expect(upstream.requests[0]?.headers['accept-encoding']).toBe('gzip');
  });
});

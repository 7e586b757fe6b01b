import { once } from 'node:events';
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { FailureReason } from '../../../src/failure.ts';
import type { Lookup } from '../../../src/upstream/resolve.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { refusingPort, startRawTcp } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';

const root = createCa();
const leaf = root.issue('mcp.test');

describe.each(routes)('on the route by $name', ({ target }) => {
  interface Unreachable {
    readonly port: number;
    readonly lookup?: Lookup;
    readonly dial?: string;
    readonly body?: string;
  }

  async function expectUnreachable(
    { port, lookup, dial = '5s', body }: Unreachable,
    { reason, phase }: { reason: FailureReason; phase: string },
  ) {
    const authority = `mcp.test:${port}`;
    const sidecar = await startInProcess({
      config: configText(
        { dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } },
        { timeouts: { dial } },
      ),
      ...(lookup && { lookup }),
    });
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'), {
      ...(body !== undefined && { body }),
    });
    await expectFailure(answer, sidecar, { server: 'dev', reason });
    expect(answer.header('content-type')).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({ reason, phase, server: 'dev' });
  }

  it('a port that nobody listens on is connect_refused', async () => {
    await expectUnreachable({ port: await refusingPort() }, { reason: 'connect_refused', phase: 'connect' });
  });

  const addresses: readonly (readonly [string, Lookup])[] = [
    ['is not found', () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }))],
    ['has no address', () => Promise.resolve([])],
  ];
  it.each(addresses)('a name that %s is dns_failed', async (_, lookup) => {
    await expectUnreachable({ port: 443, lookup }, { reason: 'dns_failed', phase: 'resolve' });
  });

  it('a resolver that keeps silent is dns_timeout', async () => {
    const lookup = () => new Promise<never>(() => undefined);
    const silent = { port: 443, lookup, dial: '200ms' };
    await expectUnreachable(silent, { reason: 'dns_timeout', phase: 'resolve' });
  });

  it('an exception of ours is internal, says no more to the client, and costs that request alone', async () => {
    const found = { address: undefined as unknown as string, family: 4 as const };
    const upstream = await startUpstream({ leaf });
    const authority = `mcp.test:${upstream.port}`;
    const sidecar = await startInProcess({
      config: configText({ dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } }),
      lookup: () => Promise.resolve([found]),
    });
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'internal' });
    expect(answer.body).not.toContain('undefined');
    expect(sidecar.logs).toContainEqual(expect.objectContaining({ level: 'error', msg: 'bug' }));
    found.address = '127.0.0.1';
    expect((await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'))).status).toBe(200);
  });

  it('goes on to the next address where the first refuses', async () => {
    const seen: string[] = [];
    const { port } = await startTls((secure, tcp) => {
      seen.push(tcp.localAddress ?? '');
      secure.once('data', () => secure.end('HTTP/1.1 204 No Content\r\n\r\n'));
    });
    const sidecar = await startInProcess({
      config: configText({ dev: { url: `https://mcp.test:${port}/mcp`, ssl_verify: root.pem } }),
      lookup: () => Promise.resolve(['127.0.0.9', '127.0.0.1'].map((address) => ({ address, family: 4 }))),
    });
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority: `mcp.test:${port}` }, '/mcp'));
    expect(answer.status).toBe(204);
    expect(seen).toEqual(['127.0.0.1']);
  });

  const endings: readonly (readonly [string, (secure: TLSSocket, tcp: Socket) => unknown])[] = [
    ['a close', (secure) => secure.end()],
    ['FIN without the close of TLS', (_, tcp) => tcp.end()],
    ['RST', (_, tcp) => tcp.resetAndDestroy()],
  ];
  it.each(endings)('%s after the request and before its answer is connection_lost', async (_, end) => {
    let requests = 0;
    const { port } = await startTls((secure, tcp) => {
      secure.on('data', (chunk: Buffer) => {
        requests += chunk.toString().split('HTTP/1.1').length - 1;
        end(secure, tcp);
      });
    });
    await expectUnreachable({ port, body: 'sent once' }, { reason: 'connection_lost', phase: 'response' });
    // It may have been acted upon: it is not sent again.
    expect(requests).toBe(1);
  });
});

/** TLS over a socket that the test holds in its hands. */
async function startTls(onSecure: (secure: TLSSocket, tcp: Socket) => unknown) {
  return startRawTcp((tcp) => {
    const secure = new TLSSocket(tcp, { isServer: true, cert: leaf.chain, key: leaf.key });
    secure.on('error', () => undefined);
    void once(secure, 'secure').then(() => onSecure(secure, tcp));
  });
}

import { createSecureContext, TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startRawTcp, startRawUpstream } from '../../harness/raw-upstream.ts';
import { routes } from '../../harness/routes.ts';
import { leaf, openCounts, server, startSidecarBefore } from './relay-setup.ts';

const responses = [
  { body: 'with a length', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart' },
  { body: 'in chunks', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n' },
  { body: 'amid a chunk', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\npart' },
];
const deaths = ['FIN', 'reset'] as const;

const cases = responses.flatMap((response) =>
  deaths.flatMap((death) => (['1.1', '1.0'] as const).map((version) => ({ ...response, death, version }))),
);

describe.each(routes)('on the route by $name', (route) => {
  it.each(cases)(
    'a server that dies by $death amid a body $body ends it visibly for HTTP/$version',
    async ({ bytes, death, version, body }) => {
      let die = () => undefined as unknown;
      const upstream = await startRawTcp((tcp) => {
        const secureContext = createSecureContext({ cert: leaf.chain, key: leaf.key });
        const socket = new TLSSocket(tcp, { isServer: true, secureContext });
        socket.on('error', () => undefined).once('data', () => socket.write(bytes));
        // A reset is of TCP: TLS has no word for it.
        die = death === 'FIN' ? () => socket.end() : () => tcp.resetAndDestroy();
      });
      const { sidecar, open, head } = await startSidecarBefore(upstream);
      const client = await open(route);
      client.write(`${head(route, 'GET', '/', version)}\r\n`);
      await client.until('part');
      die();
      await client.untilEnded();
      // What tells the end from a good one: bytes that are missing, the missing last chunk, or a reset.
      const hasLength = body === 'with a length';
      if (version === '1.1' && !hasLength) expect(client.received).not.toMatch(/\r\n0\r\n/);
      if (version === '1.0' && !hasLength) expect(client.error).toBe('ECONNRESET');
      expect(client.received.endsWith(version === '1.1' && !hasLength ? 'part\r\n' : 'part')).toBe(true);
      if (hasLength) expect(client.received).toContain('\r\nContent-Length: 100\r\n');
      await expectFailure(undefined, sidecar, { server, reason: 'response_incomplete' });
      expect(await openCounts(sidecar)).toEqual({ streams: 0, connections: 0 });
    },
  );

  it('a body that ends with its connection passes as a whole one', async () => {
    const upstream = await startRawUpstream({
      leaf,
      onConnection: (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
    });
    const { sidecar, open, head } = await startSidecarBefore(upstream);
    const client = await open(route);
    client.write(`${head(route, 'GET', '/')}\r\n`);
    await client.until(/\r\n9\r\nall of it\r\n0\r\n\r\n$/);
    expect(await sidecar.metric('mcp_tls_sidecar_failures_total', { server })).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { configText } from '../../harness/config-text.ts';
import {
  entryOf,
  openCounts,
  outcomes,
  server,
  startBefore,
  startSocketUpstream,
  untilNothingIsOpen,
  ways,
  waysThrough,
  type Way,
} from './websocket-setup.ts';

async function openSocket(way: Way) {
  const upstream = await startSocketUpstream(way.protocol);
  const { sidecar, open, head } = await startBefore(upstream, way.protocol);
  const client = await open(way);
  client.write(head(way));
  await client.until('\r\n\r\n');
  const peer = await upstream.peer();
  await poll(async () => (await openCounts(sidecar)).streams === 1, { what: 'one open stream' });
  return { upstream, sidecar, client, peer };
}

describe.each(ways)('a WebSocket by $name', (way) => {
  it('ends at the server when the client ends, and is one request with 101', async () => {
    const { sidecar, client, peer } = await openSocket(way);
    client.write('last words');
    client.socket.end();
    await peer.untilEnded();
    expect(peer.rest).toBe('last words');
    peer.socket.end('farewell');
    await client.untilEnded();
    expect(client.received).toMatch(/\r\n\r\nfarewell$/);
    await untilNothingIsOpen(sidecar);
    await poll(() => outcomes(sidecar).length > 0, { what: 'a log line' });
    expect(outcomes(sidecar)).toMatchObject([{ server, status: 101, msg: 'request' }]);
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server, code: '101' })).toBe(1);
    expect(await sidecar.metric('mcp_tls_sidecar_requests_total', { server })).toBe(1);
  });

  it('ends at the client when the server ends', async () => {
    const { sidecar, client, peer } = await openSocket(way);
    peer.socket.end('last words');
    await client.untilEnded();
    expect(client.received).toMatch(/\r\n\r\nlast words$/);
    client.socket.end();
    await untilNothingIsOpen(sidecar);
    await poll(() => outcomes(sidecar).length === 1, { what: 'its one log line' });
    expect(outcomes(sidecar)).toMatchObject([{ status: 101, msg: 'request' }]);
  });

  it('is downstream_aborted when the client is reset, and ends at the server', async () => {
    const { sidecar, client, peer } = await openSocket(way);
    client.reset();
    await peer.untilEnded();
    await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
    await untilNothingIsOpen(sidecar);
    expect(outcomes(sidecar)).toMatchObject([{ status: 101, reason: 'downstream_aborted' }]);
  });

  it('is connection_lost when the server dies, and ends at the client', async () => {
    const { sidecar, client, upstream } = await openSocket(way);
    if (way.protocol === 'http') (await upstream.peer()).reset();
    // Amid TLS, without a close_notify.
    else await upstream.close();
    await client.untilEnded();
    client.socket.end();
    await untilNothingIsOpen(sidecar);
    await poll(() => outcomes(sidecar).length === 1, { what: 'its one log line' });
    if (way.protocol === 'http') {
      await expectFailure(undefined, sidecar, { server, reason: 'connection_lost' });
      expect(outcomes(sidecar)).toMatchObject([{ status: 101, reason: 'connection_lost' }]);
    }
  });

  it.each(['by an end', 'by a reset'] as const)(
    'that is asked for still is given up when the client leaves %s',
    async (how) => {
      const upstream = await startSocketUpstream(way.protocol, () => undefined);
      const { sidecar, open, head } = await startBefore(upstream, way.protocol);
      const client = await open(way);
      client.write(`${head(way)}\x81\x02hi`);
      const peer = await upstream.peer();
      if (how === 'by an end') client.socket.end();
      else client.reset();
      await peer.untilEnded();
      await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
      peer.leave();
      await untilNothingIsOpen(sidecar);
      expect(outcomes(sidecar)).toMatchObject([{ status: 'aborted', reason: 'downstream_aborted' }]);
    },
  );
});

it('a dial under way for a WebSocket is given up when the client leaves', async () => {
  const way = ways.find(({ protocol }) => protocol === 'https');
  if (way === undefined) throw new Error('no way');
  let ended = false;
  // Never answers the hello.
  const { port, ...silent } = await startRawTcp((socket) => {
    socket.resume().on('end', () => (ended = true));
    socket.on('close', () => (ended = true));
  });
  const authority = `mcp.test:${port}`;
  const sidecar = await startInProcess({ config: configText({ [server]: entryOf('https', authority) }) });
  const { open, head } = waysThrough(sidecar, authority);
  const client = await open(way);
  client.write(head(way));
  await poll(() => openCounts(sidecar).then(({ streams }) => streams === 1), { what: 'the dial' });
  client.leave();
  await poll(() => ended, { what: 'the end of the dial', timeoutMs: 2_000 });
  await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
  await silent.close();
});

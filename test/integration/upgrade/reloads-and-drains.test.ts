import { describe, expect, it, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { startSidecar } from '../../harness/sidecar-process.ts';
import type { RawClient } from '../relay/raw-client.ts';
import {
  caPem,
  entryOf,
  outcomes,
  server,
  startBefore,
  startSocketUpstream,
  untilNothingIsOpen,
  ways,
  waysThrough,
} from './websocket-setup.ts';

const other = createCa();

describe.each(ways)('an open WebSocket by $name', (way) => {
  async function openSocket() {
    const upstream = await startSocketUpstream(way.protocol);
    const started = await startBefore(upstream, way.protocol);
    const client = await started.open(way);
    client.write(started.head(way));
    await client.until('\r\n\r\n');
    const peer = await upstream.peer();
    let said = 0;
    const echoes = async () => {
      const [down, up] = [`<${++said}`, `>${said}`];
      peer.write(down);
      client.write(up);
      await client.until(down);
      await peer.until(up);
    };
    await echoes();
    const entry = entryOf(way.protocol, started.authority);
    return { ...started, client, peer, echoes, entry };
  }

  it('goes on over reloads that change its policy, and ends by close=changed, as draining', async () => {
    const { sidecar, client, peer, echoes, authority } = await openSocket();
    const changed =
      way.protocol === 'https'
        ? { ...entryOf('https', authority), ssl_verify: `${caPem}${other.pem}` }
        : { ...entryOf('https', authority), ssl_verify: caPem };
    sidecar.writeConfig(configText({ [server]: changed }));
    expect((await sidecar.reload()).status).toBe(200);
    await echoes();
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await client.untilEnded();
    await peer.untilEnded();
    await expectFailure(undefined, sidecar, { server, reason: 'draining' });
    expect(outcomes(sidecar)).toMatchObject([{ status: 101, reason: 'draining' }]);
    peer.leave();
    await untilNothingIsOpen(sidecar);
  });

  it('outlives close=changed where its own policy did not change', async () => {
    const { sidecar, echoes, entry } = await openSocket();
    sidecar.writeConfig(configText({ [server]: entry, more: entryOf('https', 'more.test') }));
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await echoes();
    expect(outcomes(sidecar)).toEqual([]);
  });

  it('ends by close=changed where its server is no longer listed', async () => {
    const { sidecar, client, echoes } = await openSocket();
    sidecar.writeConfig(configText({}));
    expect((await sidecar.reload()).status).toBe(200);
    await echoes();
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await client.untilEnded();
    await expectFailure(undefined, sidecar, { server, reason: 'draining' });
  });
});

test('SIGTERM waits for open WebSockets until timeouts.drain is over, then ends them', async () => {
  const upstream = await startSocketUpstream('https');
  const authority = `localhost:${upstream.port}`;
  const config = configText({ [server]: entryOf('https', authority) }, { timeouts: { drain: '2s' } });
  const sidecar = await startSidecar({ config });
  const { open, head } = waysThrough(sidecar, authority);
  const clients: RawClient[] = [];
  for (const way of ways.filter(({ protocol }) => protocol === 'https')) {
    const client = await open(way);
    client.write(head(way));
    await client.until('\r\n\r\n');
    clients.push(client);
  }
  const beganMs = performance.now();
  sidecar.signal('SIGTERM');
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  for (const [index, peer] of upstream.peers.entries()) peer.write(`still here ${index}`);
  for (const client of clients) await client.until('still here');
  await poll(() => clients.some(({ ended }) => ended), { what: 'the end of the time' });
  expect(performance.now() - beganMs).toBeGreaterThan(1_900);
  for (const client of clients) await client.untilEnded();
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - beganMs).toBeLessThan(4_500);
  const ends = outcomes(sidecar).map(({ status, reason }) => ({ status, reason }));
  expect(ends).toEqual(clients.map(() => ({ status: 101, reason: 'draining' })));
  expect(sidecar.stderr).toBe('');
});

test('SIGTERM goes a second after the last WebSocket has ended', async () => {
  const upstream = await startSocketUpstream('https');
  const authority = `localhost:${upstream.port}`;
  const sidecar = await startSidecar({ config: configText({ [server]: entryOf('https', authority) }) });
  const { open, head } = waysThrough(sidecar, authority);
  const [way] = ways;
  if (way === undefined) throw new Error('no way');
  const client = await open(way);
  client.write(head(way));
  await client.until('\r\n\r\n');
  sidecar.signal('SIGTERM');
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  client.socket.end();
  const peer = await upstream.peer();
  await peer.untilEnded();
  peer.socket.end();
  const endedMs = performance.now();
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - endedMs).toBeLessThan(2_500);
  expect(outcomes(sidecar)).toMatchObject([{ status: 101, msg: 'request' }]);
});

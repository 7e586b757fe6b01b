import { expect, it } from 'vitest';
import { expectFailure } from '../../harness/expect-failure.ts';
import { connectTo } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { configText } from '../../harness/config-text.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { rawClient } from '../relay/raw-client.ts';
import { fillUntilStalled } from '../upgrade/fill-until-stalled.ts';
import {
  openCounts,
  outcomes,
  server,
  startFar,
  startTunnel,
  tunnelTo,
  untilNothingIsOpen,
} from './tunnel-ends-setup.ts';

it('when the client ends first, what the server still says arrives', async () => {
  const { sidecar, client, peer } = await startTunnel();
  client.socket.end('question');
  await peer.untilEnded();
  expect(peer.received).toBe('question');
  expect(client.ended).toBe(false);
  expect(await openCounts(sidecar)).toEqual({ streams: 1, connections: 1 });
  for (const part of ['an ', 'answer ', 'in parts']) {
    peer.write(part);
    await client.until(part);
  }
  peer.socket.end();
  await client.untilEnded();
  expect(client).toMatchObject({ received: 'an answer in parts', error: undefined });
  await untilNothingIsOpen(sidecar);
  await poll(() => outcomes(sidecar).length > 0, { what: 'a log line' });
  expect(outcomes(sidecar)).toMatchObject([{ server, route: 'connect', status: 200, msg: 'request' }]);
});

it('when the server ends first, what the client still says arrives', async () => {
  const { sidecar, client, peer } = await startTunnel();
  peer.socket.end('banner');
  await client.untilEnded();
  expect(client.received).toBe('banner');
  expect(peer.ended).toBe(false);
  for (const part of ['more ', 'and more']) {
    client.write(part);
    await peer.until(part);
  }
  client.socket.end();
  await peer.untilEnded();
  expect(peer).toMatchObject({ received: 'more and more', error: undefined });
  await untilNothingIsOpen(sidecar);
  await poll(() => outcomes(sidecar).length > 0, { what: 'a log line' });
  expect(outcomes(sidecar)).toMatchObject([{ status: 200, msg: 'request' }]);
});

it('a reset of the client resets the server, and is downstream_aborted, once', async () => {
  const { sidecar, client, peer } = await startTunnel();
  client.reset();
  await peer.untilEnded();
  expect(peer.error).toBe('ECONNRESET');
  await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
  await untilNothingIsOpen(sidecar);
  expect(outcomes(sidecar)).toMatchObject([{ status: 200, reason: 'downstream_aborted' }]);
});

it('a reset of the server resets the client, and is connection_lost, once', async () => {
  const { sidecar, client, peer } = await startTunnel();
  peer.reset();
  await client.untilEnded();
  expect(client.error).toBe('ECONNRESET');
  await expectFailure(undefined, sidecar, { server, reason: 'connection_lost' });
  await untilNothingIsOpen(sidecar);
  expect(outcomes(sidecar)).toMatchObject([{ status: 200, reason: 'connection_lost' }]);
});

it('a reset after the other end has gone in order is passed on too', async () => {
  const { sidecar, client, peer } = await startTunnel();
  client.socket.end();
  await peer.untilEnded();
  peer.write('half an ans');
  await client.until('half an ans');
  peer.reset();
  await poll(() => client.error === 'ECONNRESET', { what: 'a reset' });
  await expectFailure(undefined, sidecar, { server, reason: 'connection_lost' });
});

it('what came with the CONNECT arrives first', async () => {
  const far = await startFar();
  const sidecar = await startInProcess({ config: configText({}) });
  const socket = connectTo(sidecar.proxy);
  const client = rawClient({ socket, tcp: socket });
  client.write(`CONNECT far.test:${far.port} HTTP/1.1\r\nHost: x\r\n\r\nfirst `);
  await client.until('\r\n\r\n');
  client.write('second');
  const peer = await far.peer();
  await peer.until('second');
  expect(peer.received).toBe('first second');
  expect(client.received).toMatch(/^HTTP\/1\.1 200 [^\r\n]*\r\n\r\n$/);
});

it('a megabyte that comes with the CONNECT arrives whole, in order', async () => {
  const far = await startFar();
  const sidecar = await startInProcess({ config: configText({}) });
  const socket = connectTo(sidecar.proxy);
  const client = rawClient({ socket, tcp: socket });
  const sent = Array.from({ length: 100_000 }, (_, index) => String(index).padStart(10, ' ')).join('');
  client.write(`CONNECT far.test:${far.port} HTTP/1.1\r\nHost: x\r\n\r\n${sent}`);
  const peer = await far.peer();
  await poll(() => peer.received.length >= sent.length, { what: 'all of it' });
  expect(peer.received === sent).toBe(true);
});

it('a reader that stalls stalls the sender, either way, and gets all of it when it reads on', async () => {
  const { client, peer } = await startTunnel();
  for (const [from, to, name] of [
    [client, peer, 'up'],
    [peer, client, 'down'],
  ] as const) {
    to.socket.pause();
    const bytes = await fillUntilStalled(from.socket);
    process.stdout.write(`a stalled tunnel has ${(bytes / (1 << 20)).toFixed(1)} MiB on its way ${name}\n`);
    expect(bytes).toBeGreaterThan(0);
    // What the kernel holds at four ends of sockets, and a few high-water marks of ours.
    expect(bytes).toBeLessThan(64 << 20);
    to.socket.resume();
    await poll(() => to.received.length >= bytes, { what: 'all of it', timeoutMs: 10_000 });
  }
});

it('limits.connections counts tunnels, and a place is free when one has ended', async () => {
  const { sidecar, authority, client, peer } = await startTunnel(() => ({ limits: { connections: 2 } }));
  const second = await tunnelTo(sidecar, authority);
  const socket = connectTo(sidecar.proxy);
  const third = rawClient({ socket, tcp: socket });
  third.write(`CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await third.untilEnded();
  expect(third.received).toMatch(/^HTTP\/1\.1 503 [^]*details="limit_reached"/);
  await expectFailure(undefined, sidecar, { server, reason: 'limit_reached' });
  client.socket.end();
  await peer.untilEnded();
  peer.socket.end();
  await poll(() => tunnelTo(sidecar, authority), { what: 'a tunnel in the free place', everyMs: 50 });
  second.leave();
});

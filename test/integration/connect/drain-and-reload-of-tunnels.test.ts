import { expect, it, test } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { startSidecar } from '../../harness/sidecar-process.ts';
import {
  outcomes,
  server,
  startFar,
  startTunnel,
  tunnelTo,
  untilNothingIsOpen,
  type OpenTunnel,
} from './tunnel-ends-setup.ts';

async function echoes({ client, peer }: Pick<OpenTunnel, 'client' | 'peer'>, what: string): Promise<void> {
  client.write(`${what}>`);
  peer.write(`${what}<`);
  await peer.until(`${what}>`);
  await client.until(`${what}<`);
}

const changes: readonly {
  readonly what: string;
  readonly label: (authority: string) => string;
  readonly before: (authority: string) => Readonly<Record<string, unknown>>;
  readonly after: (authority: string) => Readonly<Record<string, unknown>>;
}[] = [
  {
    what: 'tunnel becomes deny',
    label: (authority) => authority,
    before: (authority) => ({ hosts: { [authority]: 'tunnel' } }),
    after: (authority) => ({ hosts: { [authority]: 'deny' } }),
  },
  {
    what: 'tunnel becomes a policy',
    label: (authority) => authority,
    before: (authority) => ({ hosts: { [authority]: 'tunnel' } }),
    after: (authority) => ({ hosts: { [authority]: { ssl_verify: true } } }),
  },
  {
    what: 'unlisted hosts are denied',
    label: () => server,
    before: () => ({}),
    after: () => ({ unlisted_hosts: 'deny' }),
  },
];

it.each(changes)(
  'when $what, a tunnel goes on, and ends by close=changed',
  async ({ label, before, after }) => {
    const tunnel = await startTunnel(before);
    const { sidecar, authority, client, peer } = tunnel;
    await echoes(tunnel, 'before');
    sidecar.writeConfig(configText({}, after(authority)));
    expect((await sidecar.reload()).status).toBe(200);
    await echoes(tunnel, 'after');
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await client.untilEnded();
    await peer.untilEnded();
    // By a reset: an end in good order would look like all there was.
    expect([client.error, peer.error]).toEqual(['ECONNRESET', 'ECONNRESET']);
    await expectFailure(undefined, sidecar, { server: label(authority), reason: 'draining' });
    expect(outcomes(sidecar)).toMatchObject([{ status: 200, reason: 'draining' }]);
    await untilNothingIsOpen(sidecar, label(authority));
  },
);

it('a tunnel outlives close=changed where its own way did not change', async () => {
  const tunnel = await startTunnel((authority) => ({ hosts: { [authority]: 'tunnel' } }));
  const { sidecar, authority } = tunnel;
  sidecar.writeConfig(configText({}, { hosts: { [authority]: 'tunnel', 'other.test': 'deny' } }));
  expect((await sidecar.reload('?close=changed')).status).toBe(200);
  await echoes(tunnel, 'still');
  expect(outcomes(sidecar)).toEqual([]);
});

it('a tunnel that is denied from now on is refused to the next client', async () => {
  const { sidecar, authority } = await startTunnel();
  sidecar.writeConfig(configText({}, { hosts: { [authority]: 'deny' } }));
  expect((await sidecar.reload()).status).toBe(200);
  const { response } = await openTunnel(sidecar.proxy, authority);
  await expectFailure(response, sidecar, { server: authority, reason: 'policy_denied' });
});

test('SIGTERM waits for tunnels, and gives new ones, until timeouts.drain is over; then it ends them', async () => {
  const far = await startFar();
  const sidecar = await startSidecar({ config: configText({}, { timeouts: { drain: '2s' } }) });
  const client = await tunnelTo(sidecar, far.authority);
  const peer = await far.peer();
  const beganMs = performance.now();
  sidecar.signal('SIGTERM');
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  await echoes({ client, peer }, 'draining');
  const late = await tunnelTo(sidecar, far.authority);
  await client.untilEnded();
  await late.untilEnded();
  await peer.untilEnded();
  expect(performance.now() - beganMs).toBeGreaterThan(1_900);
  expect([client.error, late.error, peer.error]).toEqual(['ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - beganMs).toBeLessThan(4_500);
  expect(outcomes(sidecar).map(({ status, reason }) => ({ status, reason }))).toEqual([
    { status: 200, reason: 'draining' },
    { status: 200, reason: 'draining' },
  ]);
});

test('SIGTERM goes a second after the last tunnel has ended', async () => {
  const far = await startFar();
  const sidecar = await startSidecar({ config: configText({}) });
  const client = await tunnelTo(sidecar, far.authority);
  sidecar.signal('SIGTERM');
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  client.socket.end();
  const peer = await far.peer();
  await peer.untilEnded();
  peer.socket.end();
  const endedMs = performance.now();
  expect(await sidecar.exited).toBe(0);
  expect(performance.now() - endedMs).toBeLessThan(2_500);
});

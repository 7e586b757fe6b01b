import { describe, expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import {
  addressesOfNamespace,
  namespacesMissing,
  startInNamespace,
} from '../../harness/network-namespace.ts';
import { connectTo, openTunnel } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { rawClient } from '../relay/raw-client.ts';
import { openCounts, outcomes, server, startFar, untilNothingIsOpen } from './tunnel-ends-setup.ts';

const never = () => new Promise<never>(() => undefined);

it('a name that nobody resolves is dns_timeout after timeouts.dial', async () => {
  const config = configText({}, { timeouts: { dial: '400ms' } });
  const sidecar = await startInProcess({ config, lookup: never });
  const beganMs = performance.now();
  const { response } = await openTunnel(sidecar.proxy, 'far.test:443');
  const tookMs = performance.now() - beganMs;
  await expectFailure(response, sidecar, { server, reason: 'dns_timeout' });
  expect(tookMs).toBeGreaterThan(390);
  expect(tookMs).toBeLessThan(2_000);
});

it.skipIf(namespacesMissing())(
  'an address that is silent is connect_timeout after timeouts.dial (needs ip)',
  async () => {
    const sidecar = await startInNamespace({ config: configText({}, { timeouts: { dial: '500ms' } }) });
    const beganMs = performance.now();
    const { response } = await openTunnel(sidecar.proxy, `${addressesOfNamespace.silent}:443`);
    await expectFailure(response, sidecar, { server, reason: 'connect_timeout' });
    expect(performance.now() - beganMs).toBeLessThan(2_500);
    await untilNothingIsOpen(sidecar);
  },
);

it.skipIf(namespacesMissing())('a client that leaves gives up a connect under way (needs ip)', async () => {
  const sidecar = await startInNamespace({ config: configText({}, { timeouts: { dial: '60s' } }) });
  const socket = connectTo(sidecar.proxy);
  socket.write(`CONNECT ${addressesOfNamespace.silent}:443 HTTP/1.1\r\nHost: x\r\n\r\n`);
  await poll(async () => (await openCounts(sidecar)).streams === 1, { what: 'the dial' });
  socket.destroy();
  await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
  await untilNothingIsOpen(sidecar);
});

describe.each(['an end', 'an end after early bytes', 'a reset', 'a reset after early bytes'] as const)(
  'a client that leaves by %s',
  (how) => {
    it('before its tunnel stands is downstream_aborted at once, and nothing is dialled', async () => {
      const far = await startFar();
      let resolve: (() => void) | undefined;
      const sidecar = await startInProcess({
        config: configText({}, { timeouts: { dial: '60s' } }),
        lookup: async () => {
          await new Promise<void>((settle) => (resolve = settle));
          return [{ address: '127.0.0.1', family: 4 }];
        },
      });
      const socket = connectTo(sidecar.proxy);
      const client = rawClient({ socket, tcp: socket });
      client.write(`CONNECT far.test:${far.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
      if (how.includes('early')) client.write('early bytes');
      await poll(() => resolve, { what: 'the dial' });
      if (how.startsWith('an end')) client.socket.end();
      else client.reset();
      await expectFailure(undefined, sidecar, { server, reason: 'downstream_aborted' });
      await untilNothingIsOpen(sidecar);
      await client.untilEnded();
      resolve?.();
      expect(outcomes(sidecar)).toMatchObject([{ status: 'aborted', reason: 'downstream_aborted' }]);
      expect(far.connections).toBe(0);
    });
  },
);

it('a refusal reaches a client that has sent a megabyte already, and the connection ends with the client', async () => {
  const sidecar = await startInProcess({ config: configText({}, { unlisted_hosts: 'deny' }) });
  const socket = connectTo(sidecar.proxy);
  socket.allowHalfOpen = true;
  const client = rawClient({ socket, tcp: socket });
  const early = 'x'.repeat(1 << 20);
  client.write(`CONNECT far.test:443 HTTP/1.1\r\nHost: x\r\n\r\n${early}`);
  await client.untilEnded();
  const [response] = parseResponses(client.received);
  expect(response?.complete).toBe(true);
  await expectFailure(response, sidecar, { server, reason: 'policy_denied' });
  let closed = false;
  socket.once('close', () => (closed = true));
  client.socket.end();
  // Sooner than the time that is left to a client which goes on sending.
  await poll(() => closed, { what: 'the end of the connection', timeoutMs: 1_000 });
  expect(client.error).toBeUndefined();
});

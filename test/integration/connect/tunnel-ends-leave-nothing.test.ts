import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { connectTo } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { refusingPort } from '../../harness/raw-upstream.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { rawClient } from '../relay/raw-client.ts';
import { openCounts, startFar, tunnelTo, untilNothingIsOpen } from './tunnel-ends-setup.ts';

const isLinux = process.platform === 'linux';
const visitors = 15;
const tunnels = 200;
const endings = [
  'client end',
  'client reset',
  'client gone',
  'server end',
  'server reset',
  'both reset',
  'refused',
  'denied',
  'left early',
] as const;

const descriptors = ({ pid }: SidecarProcess): number => readdirSync(`/proc/${pid}/fd`).length;
const residentBytes = ({ pid }: SidecarProcess): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

it.skipIf(!isLinux)('after tunnels that ended in every way, not one socket is left', async () => {
  const far = await startFar((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const asked = chunk.toString('latin1');
      if (asked === 'server end') socket.end();
      else if (asked.endsWith('reset')) socket.resetAndDestroy();
      else socket.write('ok');
    });
    socket.on('end', () => socket.end());
  });
  const nobody = await refusingPort();
  const sidecar = await startSidecar({ config: configText({}, { hosts: { 'denied.test': 'deny' } }) });
  await openCounts(sidecar);
  const before = descriptors(sidecar);
  await Promise.all(endings.flatMap((ending) => Array.from({ length: visitors }, () => visit(ending))));
  await untilNothingIsOpen(sidecar);
  await poll(() => descriptors(sidecar) <= before + 1, { what: `${before} descriptors again` });
  process.stdout.write(
    `${before} descriptors before ${endings.length * visitors} tunnels, ${descriptors(sidecar)} after\n`,
  );

  async function visit(ending: (typeof endings)[number]): Promise<void> {
    if (ending === 'refused' || ending === 'denied' || ending === 'left early') {
      const place = { refused: `127.0.0.1:${nobody}`, denied: 'denied.test:443' };
      const target = ending === 'left early' ? far.authority : place[ending];
      const socket = connectTo(sidecar.proxy);
      const client = rawClient({ socket, tcp: socket });
      client.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\nearly`);
      if (ending !== 'left early') await client.untilEnded();
      client.leave();
      return;
    }
    const client = await tunnelTo(sidecar, far.authority);
    client.write(ending === 'both reset' ? 'server reset' : ending.replace('client', 'x client'));
    if (ending === 'client end') client.socket.end();
    else if (ending === 'client gone') client.leave();
    else if (ending !== 'server end' && ending !== 'server reset') client.reset();
    await client.untilEnded();
    client.socket.end();
  }
});

it.skipIf(!isLinux)(`${tunnels} idle tunnels take little memory each`, async () => {
  const far = await startFar();
  const sidecar = await startSidecar({ config: configText({}) });
  // What the first ones load and compile is not theirs.
  for (let warm = 0; warm < 20; warm++) (await tunnelTo(sidecar, far.authority)).socket.end();
  for (const peer of far.peers) peer.socket.end();
  await untilNothingIsOpen(sidecar);
  const beforeBytes = residentBytes(sidecar);
  const clients = await Promise.all(Array.from({ length: tunnels }, () => tunnelTo(sidecar, far.authority)));
  for (const client of clients) client.write('x'.repeat(1_000));
  await poll(() => far.peers.filter(({ received }) => received.length === 1_000).length === tunnels, {
    what: 'a kilobyte by every tunnel',
  });
  expect(await openCounts(sidecar)).toEqual({ streams: tunnels, connections: tunnels });
  const each = (residentBytes(sidecar) - beforeBytes) / tunnels / 1024;
  process.stdout.write(`an idle tunnel takes ${each.toFixed(0)} KiB of resident memory\n`);
  expect(each).toBeLessThan(200);
  for (const client of clients) client.leave();
  for (const peer of far.peers) peer.socket.end();
  await untilNothingIsOpen(sidecar);
});

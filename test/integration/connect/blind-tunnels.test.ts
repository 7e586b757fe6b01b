import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { randomBytes, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTlsInside } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { refusingPort, startRawTcp } from '../../harness/raw-upstream.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

/** A tunnel through a sidecar to a TCP server of the test, with both of its ends. */
async function openBlind(settings: Record<string, unknown> = {}) {
  const ends: Socket[] = [];
  const upstream = await startRawTcp((socket) => void ends.push(socket));
  const sidecar = await startInProcess({ config: configText({}, settings) });
  const { response, socket } = await openTunnel(sidecar.proxy, `blind.test:${upstream.port}`);
  expect(response.status).toBe(200);
  const far = ends[0];
  if (far === undefined) throw new Error('the upstream was not dialled before the answer');
  return { sidecar, near: socket, far, upstream };
}

function collect(socket: Socket) {
  const seen = { text: '', ended: false };
  socket.on('data', (chunk: Buffer) => (seen.text += chunk.toString('latin1')));
  socket.on('end', () => (seen.ended = true));
  return seen;
}

it('an unlisted host shows its own certificate, which the client verifies by its own trust', async () => {
  const own = createCa();
  const upstream = await startUpstream({ leaf: own.issue('other.test') });
  const sidecar = await startInProcess({ config: configText({}) });
  const open = () => openTunnel(sidecar.proxy, `other.test:${upstream.port}`);
  const socket = await startTlsInside(await open(), { ca: own.pem, servername: 'other.test' });
  expect(socket.getPeerX509Certificate()?.checkIssued(new X509Certificate(own.pem))).toBe(true);
  await expect(
    startTlsInside(await open(), { ca: createCa().pem, servername: 'other.test' }),
  ).rejects.toThrow();
  // A host of its own that says `tunnel` likewise.
  sidecar.writeConfig(
    configText({}, { unlisted_hosts: 'deny', hosts: { [`t.test:${upstream.port}`]: 'tunnel' } }),
  );
  expect((await sidecar.reload()).status).toBe(200);
  expect((await open()).response.status).toBe(403);
  const tunnel = await openTunnel(sidecar.proxy, `t.test:${upstream.port}`);
  await startTlsInside(tunnel, { ca: own.pem, servername: 'other.test' });
});

it('bytes pass as they are, both ways, whatever they look like', async () => {
  const { near, far } = await openBlind();
  const [there, back] = [collect(far), collect(near)];
  const up = Buffer.concat([Buffer.from('GET http://mcp.test/ HTTP/1.1\r\n\r\n'), randomBytes(50_000)]);
  const down = Buffer.concat([Buffer.from('HTTP/1.1 407 No\r\n\r\n'), randomBytes(50_000)]);
  near.write(up);
  far.write(down);
  await poll(() => there.text.length === up.length && back.text.length === down.length);
  expect(there.text === up.toString('latin1') && back.text === down.toString('latin1')).toBe(true);
});

it('bytes that come with the CONNECT and with its answer are not lost', async () => {
  const upstream = await startRawTcp((socket) => {
    socket.write('banner ');
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
  });
  const sidecar = await startInProcess({ config: configText({}) });
  const target = `blind.test:${upstream.port}`;
  const { socket } = await openTunnel(sidecar.proxy, target, `Host: ${target}\r\n`);
  const back = collect(socket);
  socket.write('echo');
  await poll(() => back.text === 'banner echo');
});

describe('a blind tunnel that cannot be dialled is answered so', () => {
  it('connect_refused', async () => {
    const sidecar = await startInProcess({ config: configText({}) });
    const { response } = await openTunnel(sidecar.proxy, `blind.test:${await refusingPort()}`);
    await expectFailure(response, sidecar, { server: 'unlisted', reason: 'connect_refused' });
  });

  it('dns_failed', async () => {
    const lookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    const sidecar = await startInProcess({ config: configText({}), lookup });
    const { response } = await openTunnel(sidecar.proxy, 'blind.test:443');
    await expectFailure(response, sidecar, { server: 'unlisted', reason: 'dns_failed' });
  });

  it('dns_timeout, within timeouts.dial', async () => {
    const lookup = () => new Promise<never>(() => undefined);
    const sidecar = await startInProcess({ config: configText({}, { timeouts: { dial: '200ms' } }), lookup });
    const { response } = await openTunnel(sidecar.proxy, 'blind.test:443');
    await expectFailure(response, sidecar, { server: 'unlisted', reason: 'dns_timeout' });
  });
});

it('open_streams counts it while it is open', async () => {
  const { sidecar, near, far } = await openBlind();
  expect(await sidecar.metric('mcp_tls_sidecar_open_streams', { server: 'unlisted' })).toBe(1);
  far.resume().once('end', () => far.end());
  near.destroy();
  await poll(async () => !(await sidecar.metric('mcp_tls_sidecar_open_streams', { server: 'unlisted' })));
});

const mebibyte = 1 << 20;
/** More than kernels hold, which is up to 6 MiB a socket on two hops. */
const offeredBytes = 32 * mebibyte;
/** The first few pay for what the process needs anyway. */
const [warmUp, measured] = [4, 24];
/** A good deal of it is garbage: of what went through before all buffers were full. */
const limitBytesEach = 3 * mebibyte;

const residentBytes = ({ pid }: SidecarProcess): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

it.skipIf(process.platform !== 'linux')(
  'a reader that stalls holds its writer up, in little memory',
  async () => {
    const block = Buffer.alloc(64 * 1024, 'x');
    const writers: Promise<void>[] = [];
    let [sent, read] = [0, 0];
    const write = async (socket: Socket) => {
      for (let written = 0; written < offeredBytes; written += block.length) {
        sent += block.length;
        if (!socket.write(block)) await once(socket, 'drain');
      }
      socket.end();
    };
    const upstream = await startRawTcp((socket) => void writers.push(write(socket)));
    const sidecar = await startSidecar({ config: configText({}) });
    const readers: Socket[] = [];
    const open = async (count: number) => {
      for (let index = 0; index < count; index++)
        readers.push((await openTunnel(sidecar.proxy, `localhost:${upstream.port}`)).socket.pause());
      let last = -1;
      const stalled = () => {
        const before = last;
        last = sent;
        return before === sent;
      };
      await poll(stalled, { everyMs: 300, timeoutMs: 15_000, what: 'writers that are held up' });
      return residentBytes(sidecar);
    };
    const before = await open(warmUp);
    const growth = (await open(measured)) - before;
    const mib = (bytes: number) => (bytes / mebibyte).toFixed(2);
    process.stdout.write(
      `${warmUp + measured} stalled tunnels: ${mib(sent)} MiB sent, ${mib(growth / measured)} MiB of memory each\n`,
    );
    expect(sent).toBeLessThan(((warmUp + measured) * offeredBytes) / 2);
    expect(growth / measured).toBeLessThan(limitBytesEach);
    // Nothing was lost meanwhile.
    for (const socket of readers) socket.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
    await Promise.all(writers);
    const all = (warmUp + measured) * offeredBytes;
    await poll(() => read === all, { timeoutMs: 15_000, what: 'all that was sent' });
  },
  60_000,
);

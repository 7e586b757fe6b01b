import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { openRequest } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';
import { caPem, leaf, server, waysTo } from './relay-setup.ts';

const mebibyte = 1 << 20;
const bodyBytes = 64 * mebibyte;
/** What two kernels' socket buffers on two hops may take (Linux tunes them up to 6 MiB), and a little of ours. */
const bufferedLimitBytes = 32 * mebibyte;
/**
 * What the garbage collector lets lie around is about 70 MiB at full speed, however long the body; a body that was
 * held would be 64 MiB more, in either direction.
 */
const growthLimitBytes = 110 * mebibyte;
/** Nothing moves in a relay that has stalled: what it holds then is small. */
const stalledGrowthLimitBytes = 24 * mebibyte;
const transfers = 3;

/** A block of bytes of which no two on different places of a body are alike. */
function blockOf(index: number): Buffer {
  const block = Buffer.alloc(64 * 1024, index);
  for (let at = 0; at < block.length; at += 16) block.writeUInt32LE((index * 2_654_435_761 + at) >>> 0, at);
  return block;
}

const blockCount = bodyBytes / (64 * 1024);

/** The body from a block on. */
function* blocksFrom(first: number, hash: Hash): Generator<Buffer> {
  for (let index = first; index < blockCount; index++) {
    const block = blockOf(index);
    hash.update(block);
    yield block;
  }
}

/** The last block waits: what is left of a request has no use any more once its response is complete. */
async function* holdingLast(blocks: Iterable<Buffer>, until: Promise<unknown>): AsyncGenerator<Buffer> {
  let last: Buffer | undefined;
  for (const block of blocks) {
    if (last !== undefined) yield last;
    last = block;
  }
  await until;
  if (last !== undefined) yield last;
}

async function digestOf(stream: Readable): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest('hex') };
}

/** The highest resident memory until now, and now. */
function memoryOf({ pid }: SidecarProcess): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
  return { peak: kib('VmHWM') * 1024, now: kib('VmRSS') * 1024 };
}

const inMib = (bytes: number): string => `${(bytes / mebibyte).toFixed(1)} MiB`;

/** The command in a process of its own, whose memory can be told from the test's. */
async function startCommand(handler: Handler) {
  const upstream = await startUpstream({ leaf, handler, recordBodies: false });
  const authority = `localhost:${upstream.port}`;
  const config = configText({ [server]: { url: `https://${authority}/`, ssl_verify: caPem } });
  const sidecar = await startSidecar({ config });
  return {
    sidecar,
    open: (route: RouteUnderTest, method: string, headers: Record<string, string | number>) =>
      openRequest(sidecar.proxy, waysTo(sidecar, authority).target(route, '/'), {
        method,
        // Without it node:http would hang up after the response, though its request were not through.
        headers: { ...headers, Connection: 'keep-alive' },
      }),
  };
}

async function responseOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

/** Writes blocks until nothing has moved for a while. @returns how many bytes went, and how to write the rest */
async function writeUntilStalled(
  sink: Writable,
  hash: Hash,
): Promise<{ sent: number; rest: () => Promise<void> }> {
  for (let index = 0; index < blockCount; index++) {
    const block = blockOf(index);
    hash.update(block);
    if (sink.write(block)) continue;
    const drained = await poll(() => !sink.writableNeedDrain, { timeoutMs: 500, everyMs: 5 }).catch(
      () => false,
    );
    if (!drained) {
      const sent = (index + 1) * block.length;
      return { sent, rest: () => pipeline(Readable.from(blocksFrom(index + 1, hash)), sink) };
    }
  }
  return { sent: bodyBytes, rest: () => Promise.resolve(void sink.end()) };
}

// Memory is read from /proc.
const linux = process.platform === 'linux';

describe.each(routes)('on the route by $name', (route) => {
  it.skipIf(!linux).each([
    { framing: 'with a length', headers: { 'Content-Length': bodyBytes } },
    { framing: 'in chunks', headers: { 'Transfer-Encoding': 'chunked' } },
  ])(
    '64 MiB $framing pass byte by byte, up and down at once, in little memory',
    async ({ headers, framing }) => {
      let down = createHash('sha256');
      let arrived: Promise<{ bytes: number; digest: string }> | undefined;
      const { sidecar, open } = await startCommand((request, response) => {
        down = createHash('sha256');
        arrived = digestOf(request);
        response.writeHead(200, headers as Record<string, string>);
        void pipeline(Readable.from(holdingLast(blocksFrom(0, down), arrived)), response);
      });
      const before = memoryOf(sidecar);
      for (let transfer = 0; transfer < transfers; transfer++) {
        const up = createHash('sha256');
        const outgoing = await open(route, 'POST', headers);
        const [, received] = await Promise.all([
          pipeline(Readable.from(blocksFrom(0, up)), outgoing),
          responseOf(outgoing).then(digestOf),
        ]);
        expect(received).toEqual({ bytes: bodyBytes, digest: down.digest('hex') });
        expect(await arrived).toEqual({ bytes: bodyBytes, digest: up.digest('hex') });
      }
      const growth = memoryOf(sidecar).peak - before.now;
      process.stdout.write(
        `${route.name}: ${transfers} times 64 MiB ${framing} both ways: memory peaked ${inMib(growth)} above idle\n`,
      );
      expect(growth).toBeLessThan(growthLimitBytes);
    },
  );

  it.skipIf(!linux)('a client that does not read makes the server stall', async () => {
    const hash = createHash('sha256');
    let written: ReturnType<typeof writeUntilStalled> | undefined;
    const { sidecar, open } = await startCommand((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
      written = writeUntilStalled(response, hash);
    });
    const before = memoryOf(sidecar);
    const outgoing = await open(route, 'GET', {});
    outgoing.end();
    const response = await responseOf(outgoing);
    const { sent, rest } = await (written ?? expect.unreachable());
    const growth = memoryOf(sidecar).peak - before.now;
    process.stdout.write(
      `${route.name}: the server stalled after ${inMib(sent)}, memory grew by ${inMib(growth)}\n`,
    );
    expect(sent).toBeLessThan(bufferedLimitBytes);
    expect(growth).toBeLessThan(stalledGrowthLimitBytes);
    const [received] = await Promise.all([digestOf(response), rest()]);
    expect(received).toEqual({ bytes: bodyBytes, digest: hash.digest('hex') });
  });

  it.skipIf(!linux)('a server that does not read makes the client stall', async () => {
    let goOn: () => void = () => undefined;
    let arrived: Promise<{ bytes: number; digest: string }> | undefined;
    const { sidecar, open } = await startCommand((request, response) => {
      goOn = () => {
        arrived = digestOf(request);
        void arrived.then(() => response.end('done'));
      };
    });
    const before = memoryOf(sidecar);
    const outgoing = await open(route, 'POST', { 'Content-Length': bodyBytes });
    const hash = createHash('sha256');
    const { sent, rest } = await writeUntilStalled(outgoing, hash);
    const growth = memoryOf(sidecar).peak - before.now;
    process.stdout.write(
      `${route.name}: the client stalled after ${inMib(sent)}, memory grew by ${inMib(growth)}\n`,
    );
    expect(sent).toBeLessThan(bufferedLimitBytes);
    expect(growth).toBeLessThan(stalledGrowthLimitBytes);
    goOn();
    await Promise.all([rest(), responseOf(outgoing).then((response) => response.resume())]);
    expect(await arrived).toEqual({ bytes: bodyBytes, digest: hash.digest('hex') });
  });
});

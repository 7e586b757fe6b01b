/**
 * The client of the benchmark, on bare sockets, so that it costs little beside what it measures. It does one job
 * at a time for its parent.
 */
import { connect, type Socket } from 'node:net';
import { connectAnew, type AnewJob } from './connect-anew.ts';
import { isWhole, postMessages } from './messages.ts';

/** What the parent asks for. */
export type Job = PostJob | StreamsJob | BulkJob | AnewJob | { readonly kind: 'close' };

/** A number of POSTs over connections that are kept. */
interface PostJob {
  readonly kind: 'post';
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly requests: number;
}

/** Event streams to be held open until `close`. */
interface StreamsJob {
  readonly kind: 'streams';
  readonly port: number;
  readonly path: string;
  readonly streams: number;
}

/** One long body to read. */
interface BulkJob {
  readonly kind: 'bulk';
  readonly port: number;
  readonly path: string;
  readonly bytes: number;
}

/** What it hears back. */
export interface JobResult {
  /** Of every request, in order. */
  readonly tookUs: readonly number[];
  readonly durationMs: number;
  readonly error?: string;
}

let held: Socket[] = [];

process.on('message', (job: Job) => {
  const startedMs = performance.now();
  const done = (tookUs: readonly number[]) =>
    process.send?.({ tookUs, durationMs: performance.now() - startedMs } satisfies JobResult);
  run(job).then(done, (error: unknown) =>
    process.send?.({ tookUs: [], durationMs: 0, error: String(error) } satisfies JobResult),
  );
});
process.once('disconnect', () => process.exit());

async function run(job: Job): Promise<readonly number[]> {
  switch (job.kind) {
    case 'post':
      return post(job);
    case 'anew':
      return connectAnew(job);
    case 'bulk':
      await readBulk(job);
      return [];
    case 'streams':
      // In small groups: no listen queue shall overflow.
      for (let opened = 0; opened < job.streams; opened += 50)
        held.push(...(await Promise.all(Array.from({ length: 50 }, () => openStream(job)))));
      return [];
    case 'close':
      for (const socket of held) socket.destroy();
      held = [];
      return [];
  }
}

async function post({ port, path, connections, requests }: PostJob): Promise<number[]> {
  const messages = postMessages(`127.0.0.1:${port}`, path);
  const tookUs: number[] = [];
  let left = requests;
  const drive = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let sentMs = 0;
      let received = '';
      const send = () => {
        if (left-- <= 0) {
          socket.destroy();
          resolve();
          return;
        }
        received = '';
        sentMs = performance.now();
        socket.write(messages[left % messages.length] ?? '');
      };
      socket.once('connect', send).once('error', reject);
      socket.once('end', () =>
        reject(new Error(`the connection was ended after: ${received.slice(0, 300)}`)),
      );
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (!isWhole(received)) return;
        if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received.slice(0, 300)));
        tookUs.push((performance.now() - sentMs) * 1000);
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, drive));
  return tookUs;
}

function openStream({ port, path }: StreamsJob): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.once('error', reject);
    socket.once('end', () => reject(new Error(`the stream was ended after: ${received.slice(0, 300)}`)));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.includes('hello')) resolve(socket);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

function readBulk({ port, path, bytes }: BulkJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = 0;
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the body ended after ${received} bytes`)));
    socket.on('data', (chunk: Buffer) => {
      if (received === 0 && !chunk.toString('latin1', 0, 12).startsWith('HTTP/1.1 200'))
        reject(new Error(chunk.toString('latin1', 0, 300)));
      // With its head, and with the frames of chunks if it is sent in such.
      received += chunk.length;
      if (received < bytes) return;
      socket.destroy();
      resolve();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  });
}

/**
 * The client of the benchmark, on bare sockets, so that it costs little beside what it measures. It does one job
 * at a time for its parent: a fixed number of POSTs, or a number of event streams that it holds open.
 */
import { connect, type Socket } from 'node:net';

/** What the parent asks for. */
export type Job =
  | {
      readonly kind: 'post';
      readonly port: number;
      readonly path: string;
      readonly connections: number;
      readonly requests: number;
    }
  | { readonly kind: 'streams'; readonly port: number; readonly path: string; readonly streams: number }
  | { readonly kind: 'close' };

/** What it hears back. */
export interface JobResult {
  /** Of every POST, in microseconds. */
  readonly p50Us?: number;
  readonly durationMs?: number;
  readonly error?: string;
}

const body =
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hello"}}}';
let held: Socket[] = [];

process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) } satisfies JobResult),
  );
});
process.once('disconnect', () => process.exit());

async function run(job: Job): Promise<JobResult> {
  if (job.kind === 'post') return post(job);
  if (job.kind === 'streams') {
    // In small groups: no listen queue shall overflow.
    for (let opened = 0; opened < job.streams; opened += 50)
      held.push(...(await Promise.all(Array.from({ length: 50 }, () => openStream(job)))));
    return {};
  }
  for (const socket of held) socket.destroy();
  held = [];
  return {};
}

async function post({
  port,
  path,
  connections,
  requests,
}: Extract<Job, { kind: 'post' }>): Promise<JobResult> {
  const message = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\nMcp-Session-Id: 0123456789abcdef\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const tookUs: number[] = [];
  let left = requests;
  const startedMs = performance.now();
  await Promise.all(
    Array.from(
      { length: connections },
      () =>
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
            socket.write(message);
          };
          socket.once('connect', send).on('error', reject);
          socket.once('end', () =>
            reject(new Error(`the proxy ended the connection after: ${received.slice(0, 300)}`)),
          );
          socket.on('data', (chunk) => {
            received += chunk.toString('latin1');
            if (!isWhole(received)) return;
            if (!received.startsWith('HTTP/1.1 200')) reject(new Error(received.slice(0, 300)));
            tookUs.push((performance.now() - sentMs) * 1000);
            send();
          });
        }),
    ),
  );
  const durationMs = performance.now() - startedMs;
  tookUs.sort((a, b) => a - b);
  return { p50Us: tookUs[tookUs.length >> 1] ?? Number.NaN, durationMs };
}

function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  return length === undefined ? received.endsWith('0\r\n\r\n') : received.length >= end + 4 + Number(length);
}

function openStream({ port, path }: Extract<Job, { kind: 'streams' }>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.includes('hello')) resolve(socket);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  });
}

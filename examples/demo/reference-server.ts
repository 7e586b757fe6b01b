import { fork, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer, type Server } from 'node:tls';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';

/** `streamableHttp` is served at `/mcp`, `sse` at `/sse`. */
export type EverythingTransport = 'streamableHttp' | 'sse';

/** The port of each transport, on loopback, without TLS. */
export type Ports = ReadonlyMap<EverythingTransport, number>;

const startTimeoutMs = 30_000;

/**
 * Starts @modelcontextprotocol/server-everything in a process of its own.
 *
 * @returns the process, to be killed in the end, and its ports once it listens
 */
export function spawnReferenceServer(transports: readonly EverythingTransport[]): {
  readonly child: ChildProcess;
  readonly ready: Promise<Ports>;
} {
  const child = fork(new URL('everything-child.ts', import.meta.url), transports, {
    execArgv: [],
    silent: true,
    // A Ctrl-C of the terminal is for whoever started this; when that is gone, this ends by itself.
    detached: true,
  });
  return { child, ready: untilReady(child, transports.length) };
}

function untilReady(child: ChildProcess, transports: number): Promise<Ports> {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ports = new Map<EverythingTransport, number>();
  return new Promise((resolve, reject) => {
    const fail = (what: string) => () => reject(new Error(`server-everything ${what}:\n${output}`));
    const timer = setTimeout(fail(`was not ready after ${startTimeoutMs} ms`), startTimeoutMs);
    child.once('exit', fail('ended')).once('exit', () => clearTimeout(timer));
    child.on('message', (message: { transport: EverythingTransport; port: number }) => {
      ports.set(message.transport, message.port);
      if (ports.size < transports) return;
      clearTimeout(timer);
      resolve(ports);
    });
  });
}

/** TLS outside, the same bytes inside: the server sees the Host that the client sent. It does not listen yet. */
export function createTlsFront(leaf: Leaf, port: number): Server {
  return createServer({ cert: leaf.chain, key: leaf.key }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    // Either side may go at any time, and then so does the other.
    pipeline(socket, inner, socket, () => undefined);
  });
}

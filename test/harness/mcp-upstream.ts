import { fork } from 'node:child_process';
import { connect } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { cleanUp } from './clean-up.ts';
import { listen, type Listening } from './listen.ts';
import { contextOf } from './tls-upstream.ts';

/** `streamableHttp` is served at `/mcp`, `sse` at `/sse`. */
export type EverythingTransport = 'streamableHttp' | 'sse';

export interface EverythingOptions {
  readonly leaf: Leaf;
  readonly transport: EverythingTransport;
}

export interface EverythingServer extends Listening {
  /** `/mcp` or `/sse`. */
  readonly path: string;
}

const startTimeoutMs = 30_000;

/** Runs the reference MCP server behind TLS on loopback. */
export async function startEverything({ leaf, transport }: EverythingOptions): Promise<EverythingServer> {
  const ports = await runChild([transport]);
  return terminateTls(leaf, transport, ports);
}

/** Both transports, each on a port of its own, for the price of one process. */
export async function startEverythingBoth(
  leaf: Leaf,
): Promise<Record<EverythingTransport, EverythingServer>> {
  const ports = await runChild(['streamableHttp', 'sse']);
  return {
    streamableHttp: await terminateTls(leaf, 'streamableHttp', ports),
    sse: await terminateTls(leaf, 'sse', ports),
  };
}

type Ports = ReadonlyMap<EverythingTransport, number>;

function runChild(transports: readonly EverythingTransport[]): Promise<Ports> {
  const child = fork(new URL('everything-child.ts', import.meta.url), transports, {
    execArgv: [],
    silent: true,
  });
  cleanUp(() => child.kill('SIGKILL'));
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
      if (ports.size < transports.length) return;
      clearTimeout(timer);
      resolve(ports);
    });
  });
}

/** TLS outside, the same bytes inside: the server sees the Host that the client sent. */
async function terminateTls(
  leaf: Leaf,
  transport: EverythingTransport,
  ports: Ports,
): Promise<EverythingServer> {
  const port = ports.get(transport) ?? 0;
  const server = createServer(contextOf({}, leaf), (socket) => {
    const inner = connect(port, '127.0.0.1');
    // Either side may go at any time, and then so does the other.
    pipeline(socket, inner, socket, () => undefined);
  });
  const listening = await listen(server);
  return Object.assign(listening, { path: transport === 'sse' ? '/sse' : '/mcp' });
}

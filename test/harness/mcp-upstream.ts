import { createTlsFront, spawnReferenceServer } from '../../examples/demo/reference-server.ts';
import type { EverythingTransport, Ports } from '../../examples/demo/reference-server.ts';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { cleanUp } from './clean-up.ts';
import { listen, type Listening } from './listen.ts';

export type { EverythingTransport };

export interface EverythingOptions {
  readonly leaf: Leaf;
  readonly transport: EverythingTransport;
}

export interface EverythingServer extends Listening {
  /** `/mcp` or `/sse`. */
  readonly path: string;
}

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

function runChild(transports: readonly EverythingTransport[]): Promise<Ports> {
  const { child, ready } = spawnReferenceServer(transports);
  cleanUp(() => child.kill('SIGKILL'));
  return ready;
}

async function terminateTls(
  leaf: Leaf,
  transport: EverythingTransport,
  ports: Ports,
): Promise<EverythingServer> {
  const listening = await listen(createTlsFront(leaf, ports.get(transport) ?? 0));
  return Object.assign(listening, { path: transport === 'sse' ? '/sse' : '/mcp' });
}

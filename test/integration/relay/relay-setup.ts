import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import type { Listening } from '../../harness/listen.ts';
import type { Named, RouteUnderTest } from '../../harness/routes.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import {
  startUpstream,
  type Handler,
  type Upstream,
  type UpstreamOptions,
} from '../../harness/tls-upstream.ts';
import { rawClient, type RawClient } from './raw-client.ts';

const ca = createCa();
export const caPem = ca.pem;
/** Names for a sidecar in this process, and for one in its own, which has only the system's resolver. */
export const leaf = ca.issue(['mcp.test', 'localhost', '127.0.0.1']);

/** The label, and the first segment of base URLs. */
export const server = 'mcp';

/** A sidecar before an upstream. */
export interface RelayUnderTest {
  readonly sidecar: InProcessSidecar;
  /** What `ask` takes for a path. */
  readonly target: (route: RouteUnderTest, path: string) => string;
  /** A connection on which requests of a route can be written. */
  readonly open: (route: RouteUnderTest) => Promise<RawClient>;
  /** A request line and a Host header. */
  readonly head: (route: RouteUnderTest, method: string, path: string, version?: string) => string;
}

/** Starts a TLS upstream and a verifying sidecar before it. */
export async function startRelay(
  handler: Handler,
  options: Omit<UpstreamOptions, 'handler' | 'leaf'> = {},
): Promise<RelayUnderTest & { readonly upstream: Upstream }> {
  const upstream = await startUpstream({ leaf, handler, ...options });
  return { upstream, ...(await startSidecarBefore(upstream)) };
}

/** Starts a verifying sidecar before an upstream that is there already. */
export async function startSidecarBefore(
  upstream: Listening,
  entry: Readonly<Record<string, unknown>> = {},
): Promise<RelayUnderTest> {
  const authority = `mcp.test:${upstream.port}`;
  const url = `https://${authority}/`;
  const config = configText({ [server]: { url, ssl_verify: caPem, ...entry } });
  const sidecar = await startInProcess({ config });
  return { sidecar, ...waysTo(sidecar, authority) };
}

/** How the server at an authority is asked through a sidecar. */
export function waysTo({ proxy }: Sidecar, authority: string): Omit<RelayUnderTest, 'sidecar'> {
  const named: Named = { server, authority };
  return {
    target: (route, path) => route.target(named, path),
    open: async (route) => rawClient(await route.connect(proxy, named)),
    head: (route, method, path, version = '1.1') =>
      `${method} ${route.line(named, path)} HTTP/${version}\r\nHost: ${route.host(named)}\r\n`,
  };
}

/** What is held open by the sidecar, by its own word. */
export async function openCounts(
  sidecar: InProcessSidecar,
): Promise<{ streams: number; connections: number }> {
  const value = async (name: string) => (await sidecar.metric(`mcp_tls_sidecar_${name}`, { server })) ?? 0;
  return { streams: await value('open_streams'), connections: await value('open_connections') };
}

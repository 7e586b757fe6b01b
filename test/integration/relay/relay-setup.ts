import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import type { Listening } from '../../harness/listen.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import {
  startUpstream,
  type Handler,
  type Upstream,
  type UpstreamOptions,
} from '../../harness/tls-upstream.ts';

const ca = createCa();
export const caPem = ca.pem;
/** Names for a sidecar in this process, and for one in its own, which has only the system's resolver. */
export const leaf = ca.issue(['mcp.test', 'localhost', '127.0.0.1']);

/** The label, and the first segment of base URLs. */
export const server = 'mcp';

/** A sidecar before an upstream. */
export interface RelayUnderTest {
  readonly sidecar: InProcessSidecar;
  /** The request target of a path, by the name of the route. */
  readonly target: (route: string, path: string) => string;
}

/** The two routes, for `describe.each`. */
export const routeNames = routes.map(({ name }) => name);

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
  return { sidecar, target: (route, path) => targetOf(route, authority, path) };
}

/** The request target of a path at the server, by the name of the route. */
export function targetOf(route: string, authority: string, path: string): string {
  const found = routes.find(({ name }) => name === route);
  if (found === undefined) throw new Error(`no route is called ${route}`);
  return found.target({ server, authority }, path);
}

/** What is held open by the sidecar, by its own word. */
export async function openCounts(
  sidecar: InProcessSidecar,
): Promise<{ streams: number; connections: number }> {
  const value = async (name: string) => (await sidecar.metric(`mcp_tls_sidecar_${name}`, { server })) ?? 0;
  return { streams: await value('open_streams'), connections: await value('open_connections') };
}

import { readFileSync } from 'node:fs';
import { fetch as undiciFetch, ProxyAgent } from 'undici';
import { cleanUp } from '../../harness/clean-up.ts';
import type { EverythingTransport } from '../../harness/mcp-upstream.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import type { Fetch } from './sdk-clients.ts';

/** How a client is pointed at the sidecar. */
export interface ClientRoute {
  readonly name: RouteUnderTest['name'];
  readonly reach: (sidecar: Sidecar, server: McpServer) => { readonly url: URL; readonly fetch?: Fetch };
}

/** A listed server as its users know it. */
export interface McpServer {
  readonly transport: EverythingTransport;
  /** The name of its entry. */
  readonly name: string;
  readonly host: string;
  /** Said by the CONNECT route alone: elsewhere it is left for the sidecar to find. */
  readonly port: number;
}

const pathOf = ({ transport }: McpServer): string => (transport === 'sse' ? '/sse' : '/mcp');

/** A fetch that goes as NODE_USE_ENV_PROXY makes Node's go: https URLs by CONNECT, others in absolute form. */
function fetchThrough({ proxyUrl, caBundle }: Sidecar, trustsUs: boolean): Fetch {
  const trust = trustsUs && { requestTls: { ca: readFileSync(caBundle, 'utf8') } };
  const dispatcher = new ProxyAgent({ uri: proxyUrl, ...trust });
  cleanUp(() => dispatcher.destroy());
  // undici's Response is not Node's class, only its equal.
  const viaProxy = (url: string | URL, init?: RequestInit) =>
    undiciFetch(url, { ...(init as object), dispatcher }) as unknown as Promise<Response>;
  return viaProxy;
}

const reach: Readonly<Record<RouteUnderTest['name'], ClientRoute['reach']>> = {
  // Nothing but the URL changes.
  'base URL': (sidecar, server) => ({
    url: new URL(`${sidecar.proxyUrl}/${server.name}${pathOf(server)}`),
  }),
  // Nothing but the dispatcher (or HTTP_PROXY) and the scheme.
  'absolute form': (sidecar, server) => ({
    url: new URL(`http://${server.host}${pathOf(server)}`),
    fetch: fetchThrough(sidecar, false),
  }),
  // Nothing but the dispatcher (or HTTPS_PROXY) and the CA.
  CONNECT: (sidecar, server) => ({
    url: new URL(`https://${server.host}:${server.port}${pathOf(server)}`),
    fetch: fetchThrough(sidecar, true),
  }),
};

export const clientRoutes: readonly ClientRoute[] = routes.map(({ name }) => ({ name, reach: reach[name] }));

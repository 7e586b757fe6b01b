import { fetch as undiciFetch, ProxyAgent } from 'undici';
import { cleanUp } from '../../harness/clean-up.ts';
import type { EverythingTransport } from '../../harness/mcp-upstream.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import type { Fetch } from './sdk-clients.ts';

/** How a client is pointed at the sidecar. */
export interface ClientRoute {
  readonly name: 'base URL' | 'absolute form';
  readonly reach: (sidecar: Sidecar, server: McpServer) => { readonly url: URL; readonly fetch?: Fetch };
}

/** A listed server as its users know it. */
export interface McpServer {
  readonly transport: EverythingTransport;
  /** The name of its entry. */
  readonly name: string;
  /** Its host; the port is left for the sidecar to find. */
  readonly host: string;
}

const pathOf = ({ transport }: McpServer): string => (transport === 'sse' ? '/sse' : '/mcp');

/** Nothing but the URL changes on the one, nothing but the dispatcher (or HTTP_PROXY) and the scheme on the other. */
export const clientRoutes: readonly ClientRoute[] = [
  {
    name: 'base URL',
    reach: (sidecar, server) => ({ url: new URL(`${sidecar.proxyUrl}/${server.name}${pathOf(server)}`) }),
  },
  {
    name: 'absolute form',
    reach: (sidecar, server) => {
      // For http URLs it sends the absolute form, as it does for NODE_USE_ENV_PROXY.
      const dispatcher = new ProxyAgent({ uri: sidecar.proxyUrl });
      cleanUp(() => dispatcher.destroy());
      // undici's Response is not Node's class, only its equal.
      const viaProxy = (url: string | URL, init?: RequestInit) =>
        undiciFetch(url, { ...(init as object), dispatcher }) as unknown as Promise<Response>;
      return { url: new URL(`http://${server.host}${pathOf(server)}`), fetch: viaProxy };
    },
  },
];

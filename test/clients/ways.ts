import type { Sidecar } from '../harness/sidecar.ts';
import type { Client } from './client.ts';

/** A listed server. */
export interface Listed {
  /** The name of its entry. */
  readonly entry: string;
  /** The real one. */
  readonly url: string;
}

/** A way to point a client at the sidecar, in the words of docs/clients.md. */
export interface Way {
  readonly name: 'base URL' | 'absolute form' | 'CONNECT';
  /** As the log of the sidecar has it. */
  readonly routeOf: (client: Client) => string;
  readonly reach: (
    sidecar: Sidecar,
    client: Client,
    listed: Listed,
  ) => { readonly url: string; readonly env: Readonly<Record<string, string>> };
}

/** As docs/clients.md has it. */
export const NO_PROXY = '127.0.0.1,localhost,::1,169.254.169.254,metadata.google.internal';

/** Each route, with what it takes in the client and nothing else. */
export const ways: readonly Way[] = [
  {
    name: 'base URL',
    routeOf: () => 'base_url',
    reach: (sidecar, _, { entry, url }) => ({
      url: `${sidecar.proxyUrl}/${entry}${new URL(url).pathname}`,
      env: {},
    }),
  },
  {
    name: 'absolute form',
    routeOf: ({ plaintextInConnect }) => (plaintextInConnect ? 'connect' : 'absolute'),
    reach: ({ proxyUrl }, { httpProxy, env }, { url }) => ({
      url: `http://${new URL(url).hostname}${new URL(url).pathname}`,
      env: { ...env, [httpProxy]: proxyUrl, NO_PROXY },
    }),
  },
  {
    name: 'CONNECT',
    routeOf: () => 'connect',
    reach: ({ proxyUrl, caBundle }, { env, trust }, { url }) => ({
      url,
      env: { ...env, HTTPS_PROXY: proxyUrl, NO_PROXY, [trust]: caBundle },
    }),
  },
];

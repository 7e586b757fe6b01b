import { fileURLToPath } from 'node:url';
import type { EverythingTransport } from '../harness/mcp-upstream.ts';
import type { InstalledClients } from './install-clients.ts';

/** What is asked of a client: `url` is all that it is told of the server. */
export interface Errand {
  readonly installed: InstalledClients;
  readonly transport: EverythingTransport;
  readonly url: string;
}

/** A client as its users have it: it knows of the sidecar by its URL and its environment alone. */
export interface Client {
  /** As the table of docs/clients.md has it. */
  readonly name: string;
  readonly transports: readonly EverythingTransport[];
  /** The variable that names the CA file. */
  readonly trust: string;
  /** The variable that names the proxy for `http://` URLs. */
  readonly httpProxy: 'HTTP_PROXY' | 'http_proxy';
  /** It sends `CONNECT host:80` and then plaintext for `http://` URLs, as undici 7 does, and not the absolute form. */
  readonly plaintextInConnect: boolean;
  /** What a proxied client needs beside these variables; as the table has it. */
  readonly beside: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it says once it has done its errand. */
  readonly says: string;
  /** What it takes is not here. */
  readonly missing: boolean;
  readonly command: (errand: Errand) => readonly string[];
}

/** The path of a file beside this one. */
export const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const plain = { missing: false, plaintextInConnect: false } as const;
/** One POST, of a client that knows of no transports. */
export const post = { ...plain, transports: ['streamableHttp'], says: 'mcp-servers/everything' } as const;
/** Lists the tools and calls one. */
export const mcp = {
  ...plain,
  transports: ['streamableHttp', 'sse'],
  says: 'The sum of 2 and 3 is 5.',
} as const;
/** The name by which the CLIs and the Python SDK know a transport. */
export const short = (transport: EverythingTransport): string => (transport === 'sse' ? 'sse' : 'http');

import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import type { Listening } from '../../harness/listen.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { startRawTcp, startRawUpstream } from '../../harness/raw-upstream.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { rawClient, type RawClient } from '../relay/raw-client.ts';

const ca = createCa();
export const caPem = ca.pem;
export const leaf = ca.issue(['mcp.test', 'localhost', '127.0.0.1']);
export const server = 'mcp';

/** The key of RFC 6455 section 1.3. */
export const key = 'dGhlIHNhbXBsZSBub25jZQ==';

export type Protocol = 'https' | 'http';

/** Every route, before a TLS and before a plain upstream. */
export const ways = routes.flatMap((route) =>
  (['https', 'http'] as const).map((protocol) => ({ route, protocol, name: `${route.name} to ${protocol}` })),
);

/** The value of Sec-WebSocket-Accept that answers a key. */
export const acceptOf = (value: string): string =>
  hash('sha1', `${value}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`, 'base64');

/** A 101 that answers {@link key}. */
export const switching = (headers = ''): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n${headers}\r\n`;

/** One connection as the upstream sees it. */
export interface Peer extends RawClient {
  /** The head of the request, once it is whole. */
  readonly head: string;
  /** What came after the head. */
  readonly rest: string;
}

export interface SocketUpstream extends Listening {
  readonly peers: readonly Peer[];
  /** The latest connection, once the head of a request has come on it. */
  readonly peer: () => Promise<Peer>;
}

/** An upstream that reads what comes and answers by bytes alone. */
export async function startSocketUpstream(
  protocol: Protocol,
  onHead: (peer: Peer) => unknown = ({ write }) => write(switching()),
): Promise<SocketUpstream> {
  const peers: Peer[] = [];
  const onConnection = (socket: Socket) => {
    const client = rawClient({ socket, tcp: socket });
    const peer: Peer = Object.defineProperties(Object.create(client) as Peer, {
      head: { get: () => client.received.slice(0, client.received.indexOf('\r\n\r\n') + 4) },
      rest: { get: () => client.received.slice(client.received.indexOf('\r\n\r\n') + 4) },
    });
    peers.push(peer);
    void client.until('\r\n\r\n').then(
      () => onHead(peer),
      () => undefined,
    );
  };
  const listening = await (protocol === 'https'
    ? startRawUpstream({ leaf, onConnection, tls: { allowHalfOpen: true } })
    : startRawTcp(onConnection));
  const peer = () => poll(() => peers.findLast(({ head }) => head !== ''), { what: 'a request', everyMs: 2 });
  return Object.assign(listening, { peers, peer });
}

/** A sidecar with one server, and how WebSockets are asked of it. */
export interface SocketSidecar {
  readonly sidecar: InProcessSidecar;
  readonly authority: string;
  readonly open: (way: Way) => Promise<RawClient>;
  /** A whole head that asks for a WebSocket. */
  readonly head: (way: Way, options?: HeadOptions) => string;
}

export interface Way {
  readonly route: RouteUnderTest;
  readonly protocol: Protocol;
}

export interface HeadOptions {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  /** In place of those of a WebSocket. */
  readonly upgrade?: string;
  /** Further header lines. */
  readonly headers?: string;
}

/** Starts a sidecar before an upstream. */
export async function startBefore(
  { port }: { readonly port: number },
  protocol: Protocol,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<SocketSidecar> {
  const authority = `mcp.test:${port}`;
  const config = configText({ [server]: entryOf(protocol, authority) }, settings);
  const sidecar = await startInProcess({ config });
  return { sidecar, authority, ...waysThrough(sidecar, authority) };
}

/** The entry of a server. */
export function entryOf(protocol: Protocol, authority: string): Readonly<Record<string, unknown>> {
  const url = `${protocol}://${authority}/`;
  return protocol === 'https' ? { url, ssl_verify: caPem } : { url };
}

/** How WebSockets of a server are asked of a sidecar. */
export function waysThrough(
  { proxy }: Pick<Sidecar, 'proxy'>,
  authority: string,
): Pick<SocketSidecar, 'open' | 'head'> {
  const named = { server, authority };
  return {
    open: async ({ route, protocol }) => {
      if (route.name !== 'CONNECT' || protocol === 'https')
        return rawClient(await route.connect(proxy, named));
      // What is listed with http is plain inside of a CONNECT too.
      const { socket } = await openTunnel(proxy, authority);
      return rawClient({ socket, tcp: socket });
    },
    head: ({ route }, options = {}) => {
      const { method = 'GET', path = '/ws', version = '1.1', upgrade = webSocket, headers = '' } = options;
      return `${method} ${route.line(named, path)} HTTP/${version}\r\nHost: ${route.host(named)}\r\n${upgrade}${headers}\r\n`;
    },
  };
}

const webSocket = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`;

/** What is held open, by the sidecar's own word. */
export async function openCounts(sidecar: Sidecar): Promise<{ streams: number; connections: number }> {
  const value = async (name: string) => (await sidecar.metric(`mcp_tls_sidecar_${name}`, { server })) ?? 0;
  return { streams: await value('open_streams'), connections: await value('open_connections') };
}

/** Waits until nothing is open. */
export async function untilNothingIsOpen(sidecar: Sidecar): Promise<void> {
  const nothing = JSON.stringify({ streams: 0, connections: 0 });
  await poll(async () => JSON.stringify(await openCounts(sidecar)) === nothing, { what: 'nothing open' });
}

/** The log lines of requests that asked for a path. */
export function outcomes(sidecar: Sidecar): readonly Readonly<Record<string, unknown>>[] {
  return sidecar.logs.filter(({ msg }) => msg === 'request' || msg === 'request failed');
}

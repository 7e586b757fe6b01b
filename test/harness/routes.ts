import type { Socket } from 'node:net';
import type { FailureReason } from '../../src/failure.ts';
import { withPort } from './ask.ts';
import { connectTo, openTunnel, startTrustingTls, type Tunnel } from './open-tunnel.ts';
import type { RawResponse } from './parse-responses.ts';

/** A server as a client may name it. */
export interface Named {
  /** Its entry. */
  readonly server: string;
  /** Host and port of its url. */
  readonly authority: string;
}

/** A connection on which requests of a route are written. */
export interface RouteConnection {
  readonly socket: Socket;
  /** What is under TLS where there is TLS: a reset is of TCP. */
  readonly tcp: Socket;
}

/** A way by which a client reaches a server through the sidecar. */
export interface RouteUnderTest {
  readonly name: 'base URL' | 'absolute form' | 'CONNECT';
  /** What `ask` takes for a path at a server. */
  readonly target: (named: Named, path: string) => string;

  // For requests that a test writes byte by byte.

  /** @throws where a CONNECT is refused, or the sidecar is not believed */
  readonly connect: (proxy: string, named: Named) => Promise<RouteConnection>;
  /** The request target in the request line. */
  readonly line: (named: Named, path: string) => string;
  /** A good value for the Host header. */
  readonly host: (named: Named) => string;

  // In what the routes differ, by their specification.

  /** What becomes of a Host header: a base URL's is judged, in absolute form it has no say. */
  readonly hostHeader: 'judged' | 'ignored' | 'must agree';
  /** A request target that leads nowhere on a connection of the route. */
  readonly lineToNowhere: string;
  /** How that is refused. */
  readonly refusesNowhere: { readonly reason: FailureReason; readonly status?: number };
  /** Whether a client names hosts, and so finds entries of `mcp_tls_sidecar.hosts`, or else names servers. */
  readonly findsHosts: boolean;
  /** The label of a request that cannot be read: on a connection that is for one server it is known whose it was. */
  readonly serverOfGarbage: (named: Named) => string;
}

/** A CONNECT that was not answered with 200. */
export class RefusedConnect extends Error {
  readonly response: RawResponse;

  constructor(message: string, { response }: Tunnel) {
    super(message);
    this.response = response;
  }
}

const plainly = (proxy: string): Promise<RouteConnection> => {
  const socket = connectTo(proxy);
  return Promise.resolve({ socket, tcp: socket });
};

const throughConnect = async (proxy: string, { authority }: Named): Promise<RouteConnection> => {
  const place = withPort(authority);
  const tunnel = await openTunnel(proxy, place);
  const { status, body } = tunnel.response;
  if (status !== 200) throw new RefusedConnect(`the CONNECT was answered with ${status} ${body}`, tunnel);
  const socket = await startTrustingTls(proxy, tunnel, place.replace(/:\d+$/, ''));
  return { socket, tcp: tunnel.socket };
};

/** What every failure and every odd input is tried on. */
export const routes: readonly RouteUnderTest[] = [
  {
    name: 'base URL',
    target: ({ server }, path) => `/${server}${path}`,
    connect: plainly,
    line: ({ server }, path) => `/${server}${path}`,
    host: () => '127.0.0.1',
    hostHeader: 'judged',
    lineToNowhere: '/no_such_server/mcp',
    refusesNowhere: { reason: 'server_unknown' },
    findsHosts: false,
    serverOfGarbage: () => 'unlisted',
  },
  {
    name: 'absolute form',
    target: ({ authority }, path) => `http://${authority}${path}`,
    connect: plainly,
    line: ({ authority }, path) => `http://${authority}${path}`,
    host: ({ authority }) => authority,
    hostHeader: 'ignored',
    lineToNowhere: 'http://unlisted.test/mcp',
    refusesNowhere: { reason: 'policy_denied' },
    findsHosts: true,
    serverOfGarbage: () => 'unlisted',
  },
  {
    name: 'CONNECT',
    target: ({ authority }, path) => `https://${authority}${path}`,
    connect: throughConnect,
    line: (_, path) => path,
    host: ({ authority }) => authority,
    hostHeader: 'must agree',
    lineToNowhere: 'https://unlisted.test/mcp',
    refusesNowhere: { reason: 'request_malformed', status: 421 },
    findsHosts: true,
    serverOfGarbage: ({ server }) => server,
  },
];

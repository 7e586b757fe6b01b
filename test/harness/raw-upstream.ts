import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { listen, type Listening } from './listen.ts';
import { contextOf } from './tls-upstream.ts';

export interface RawUpstreamOptions {
  readonly leaf: Leaf;
  /** After the handshake, with nothing read yet. */
  readonly onConnection: (socket: TLSSocket) => unknown;
  readonly tls?: TlsOptions;
  readonly host?: string;
}

/** A TLS server that sends whatever bytes the test likes: an HTTP response that is none, or half of one. */
export function startRawUpstream({ leaf, onConnection, tls, host }: RawUpstreamOptions): Promise<Listening> {
  const server = createTlsServer({ ...tls, ...contextOf(tls, leaf) }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return listen(server, host);
}

/** A TCP server for peers that reset, say FIN, stall or talk nonsense in the place of a TLS handshake. */
export function startRawTcp(onConnection: (socket: Socket) => unknown, host?: string): Promise<Listening> {
  // Half-open connections stay, so that a test decides itself when this side says FIN.
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    onConnection(socket);
  });
  return listen(server, host);
}

/** A port of loopback that refuses connections: it was free a moment ago. */
export async function refusingPort(): Promise<number> {
  const { port, close } = await startRawTcp(() => undefined);
  await close();
  return port;
}

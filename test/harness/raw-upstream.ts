import { once } from 'node:events';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { cleanUp } from './clean-up.ts';
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

/**
 * A port of 127.0.0.1 that refuses connections until the test ends: it is the local port of a connection, which nobody
 * else gets meanwhile. One that was only free a moment ago may be another test's by now.
 */
export async function refusingPort(): Promise<number> {
  const { port } = await startRawTcp(() => undefined);
  const holder = connect(port, '127.0.0.1');
  cleanUp(() => holder.destroy());
  await once(holder, 'connect');
  return holder.localPort ?? 0;
}

import type { AddressInfo, Server, Socket } from 'node:net';
import { cleanUp } from './clean-up.ts';

/** A listening server of the harness, whatever it speaks. It is closed after the test. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** `host:port`, with brackets around IPv6. */
  readonly authority: string;
  /** TCP connections that were accepted so far. */
  readonly connections: number;
  /** Stops listening and cuts every connection. */
  readonly close: () => Promise<void>;
}

/** Listens on an ephemeral port of loopback and keeps track of the sockets, also of those that were upgraded. */
export async function listen(server: Server, host = '127.0.0.1'): Promise<Listening> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    // A peer may cut a connection whenever it likes; what that means is for the test to judge.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host, () => resolve());
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  cleanUp(close);
  const { port } = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    host,
    port,
    authority,
    get connections() {
      return connections;
    },
    close,
  };
}

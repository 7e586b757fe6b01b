import type { AddressInfo, Server } from 'node:net';
import { formatHost } from '../authority.ts';
import type { ListenAddress } from '../config/config.ts';

/** Listens on an address, and tells the real one. @throws what net.Server reports, EADDRINUSE say */
export function bind(server: Server, { host, port }: ListenAddress): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const { address, port: real } = server.address() as AddressInfo;
      resolve({ host: formatHost(address), port: real });
    });
  });
}

import { isLoopbackHost } from '../authority.ts';
import { normaliseBareHost } from './hosts.ts';
import type { ListenAddress } from './config.ts';
import { Fault } from './fault.ts';

/** Reads an address to bind, `127.0.0.1:8921`, `[::1]:0` or `localhost:8921`; only loopback in this version. */
export function parseListenAddress(text: string): ListenAddress | Fault {
  const address = parseAddress(text);
  return address instanceof Fault ? address : (checkLoopback(address) ?? address);
}

/** Reads `host:port`, whatever the host. */
export function parseAddress(text: string): ListenAddress | Fault {
  const match = /^(\[[^\]]*\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const host = normaliseBareHost(match?.[1] ?? '');
  const port = Number(match?.[2]);
  if (match === null || host === undefined || port > 65535) {
    return new Fault(
      'is no address to listen on',
      'write host:port, e.g. 127.0.0.1:8921, "[::1]:8921" or localhost:8921',
    );
  }
  return { host, port };
}

/** @returns why an address must not be listened on */
export function checkLoopback({ host }: ListenAddress): Fault | undefined {
  if (isLoopbackHost(host)) return undefined;
  return new Fault(
    'is not a loopback address, which needs allow_remote_clients: true, which this version does not support',
    'listen on 127.0.0.1, [::1] or localhost',
  );
}

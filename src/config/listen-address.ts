import { normaliseBareHost } from './hosts.ts';
import type { ListenAddress } from './config.ts';
import { Fault } from './fault.ts';

/** Reads an address to bind, `127.0.0.1:8921`, `[::1]:0` or `localhost:8921`; who may reach it is asked elsewhere. */
export function parseListenAddress(text: string): ListenAddress | Fault {
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

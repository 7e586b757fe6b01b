import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

/** An IP address that a name leads to. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Resolves a host name to all its addresses, in the order in which to try them. */
export type Lookup = (hostname: string) => Promise<readonly Address[]>;

/**
 * getaddrinfo, so that /etc/hosts, search domains and mDNS count. It blocks a thread of libuv's pool, which file
 * reads share: one call at a time per name, and few names at once, so that a stalled resolver cannot stall a reload.
 */
export function createLookup(): Lookup {
  const underway = new Map<string, Promise<readonly Address[]>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const run = async (hostname: string): Promise<readonly Address[]> => {
    if (running >= maxLookups) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      const found = await lookup(hostname, { all: true, order: 'verbatim' });
      return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
    } finally {
      running--;
      waiting.shift()?.();
    }
  };

  return (hostname) => {
    const known = underway.get(hostname);
    if (known !== undefined) return known;
    const started = run(hostname).finally(() => underway.delete(hostname));
    underway.set(hostname, started);
    return started;
  };
}

/** main.ts gives the pool 16 threads: a quarter stays free for files. */
const maxLookups = 12;

/** An IP literal as the only address of itself. */
export function literalAddress(host: string): Address | undefined {
  const family = isIP(host);
  return family === 0 ? undefined : { address: host, family: family === 6 ? 6 : 4 };
}

import type { X509Certificate } from 'node:crypto';
import { formatAuthority, type Authority } from '../authority.ts';

/** Wildcard entries may see many hosts: beyond this the one that was not heard of for longest goes. */
const maxAuthorities = 2_000;

/** What a server last presented in a handshake that succeeded. */
export interface SeenChain {
  /** The metric label. */
  readonly server: string;
  readonly authority: Authority;
  /** The leaf first. */
  readonly presented: readonly X509Certificate[];
}

/** The chains last seen, one an authority: what a new bundle is rehearsed with. */
export class ChainsSeen {
  readonly #chains = new Map<string, SeenChain>();

  record(chain: SeenChain): void {
    const key = `${chain.server} ${formatAuthority(chain.authority)}`;
    this.#chains.delete(key);
    this.#chains.set(key, chain);
    const [oldest] = this.#chains.keys();
    if (this.#chains.size > maxAuthorities && oldest !== undefined) this.#chains.delete(oldest);
  }

  all(): Iterable<SeenChain> {
    return this.#chains.values();
  }
}

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { dayMs } from './generated-ca.ts';
import { leafNotAfterMs, mintLeaf } from './mint-leaf.ts';
import type { Signer } from './signer.ts';

interface CachedLeaf {
  readonly context: SecureContext;
  readonly signer: Signer;
  readonly mintedAtMs: number;
  readonly notAfterMs: number;
}

/** Hosts that are in use at a time are few; a context takes about 30 kB (measured with 10,000). */
const maxLeaves = 500;

/** The leaves of this process, all on one key pair, each minted once: the least recently used go first. */
export class LeafCache {
  minted = 0;
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #keyPem = exportPem(this.#keys.privateKey);
  readonly #leaves = new Map<string, CachedLeaf>();

  get size(): number {
    return this.#leaves.size;
  }

  contextFor(signer: Signer, host: string, nowMs: number): SecureContext {
    const known = this.#leaves.get(host);
    this.#leaves.delete(host);
    const leaf =
      known !== undefined && isFresh(known, signer, nowMs) ? known : this.#mint(signer, host, nowMs);
    this.#leaves.set(host, leaf);
    if (this.#leaves.size > maxLeaves) this.#leaves.delete(this.#leaves.keys().next().value ?? '');
    return leaf.context;
  }

  #mint(signer: Signer, host: string, nowMs: number): CachedLeaf {
    const { chain, notAfterMs } = mintLeaf(signer, host, this.#keys.publicKey, nowMs);
    this.minted++;
    const context = createSecureContext({ key: this.#keyPem, cert: chain, minVersion: 'TLSv1.2' });
    return { context, signer, mintedAtMs: nowMs, notAfterMs };
  }
}

/** A day is left, or no new one would last longer. */
function isFresh(leaf: CachedLeaf, signer: Signer, nowMs: number): boolean {
  if (leaf.signer !== signer || leaf.notAfterMs <= nowMs) return false;
  // The clock was set back further than leaves are backdated.
  if (nowMs < leaf.mintedAtMs - dayMs) return false;
  return leaf.notAfterMs - nowMs >= dayMs || leafNotAfterMs(signer, nowMs) <= leaf.notAfterMs;
}

const exportPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

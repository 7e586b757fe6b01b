import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { buildChain, type Chain } from '../trust/build-chain.ts';
import { createBundle, type Bundle } from '../trust/bundle.ts';

/** OpenSSL takes 100 by default; nobody presents so many in good faith. */
const maxPresented = 20;
/** Chains remembered for a bundle: one a server and certificate, more only where somebody rotates without end. */
const maxRemembered = 500;

/**
 * What a server presented, the leaf first; empty on a resumed session. Node links by name what was sent, and may close
 * it with an anchor of the bundle.
 */
export function presentedBy(socket: TLSSocket): X509Certificate[] {
  const certificates: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && certificates.length < maxPresented) {
    certificates.push(next);
    next = next.issuerCertificate;
  }
  return certificates;
}

/**
 * The chain of what was presented under a bundle, built once for the same certificates.
 *
 * @param bundle undefined where there is nothing to judge by: then the chain is what was presented
 */
export function chainUnder(
  bundle: Bundle | undefined,
  presented: readonly X509Certificate[],
): Chain | undefined {
  const [leaf] = presented;
  if (leaf === undefined) return undefined;
  const anchors = bundle ?? noTrust;
  const remembered = chains.get(anchors) ?? new Map<string, Chain>();
  chains.set(anchors, remembered);
  const key = presented.map(({ fingerprint256 }) => fingerprint256).join();
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const chain = buildChain(leaf, presented, anchors);
  const [oldest] = remembered.keys();
  if (remembered.size >= maxRemembered && oldest !== undefined) remembered.delete(oldest);
  remembered.set(key, chain);
  return chain;
}

const noTrust = createBundle('nothing', []);
const chains = new WeakMap<Bundle, Map<string, Chain>>();

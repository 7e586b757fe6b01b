import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { buildChain, type Chain } from '../trust/build-chain.ts';
import { createBundle, type Bundle } from '../trust/bundle.ts';
import { isValidAt } from '../trust/certificate-facts.ts';

/** OpenSSL takes 100 by default; nobody presents so many in good faith. */
const maxPresented = 20;
/** What servers presented that is kept parsed: one a server, more only where somebody rotates without end. */
const maxRemembered = 500;

/** The leaf first. The same array for the same certificates, as long as it is remembered. */
export type Presented = readonly X509Certificate[];

/**
 * What a server presented, as Node's legacy object has it: parsed once, for parsing is most of what there is to do
 * with the certificates of a server that is known.
 */
export function certificatesOf(peer: DetailedPeerCertificate): Presented {
  const links: DetailedPeerCertificate[] = [];
  // The last one is its own issuer, or has none.
  for (let next = peer; !links.includes(next) && links.length < maxPresented; next = next.issuerCertificate) {
    links.push(next);
    if ((next.issuerCertificate as DetailedPeerCertificate | undefined) === undefined) break;
  }
  const key = links.map(({ fingerprint256 }) => fingerprint256).join();
  return remember(key, () => links.map(({ raw }) => new X509Certificate(raw)));
}

/**
 * Keeps what was presented on a connection for {@link presentedBy}, if it is sure that all is there. The legacy object
 * leaves out what it cannot link; and of two issuers that fit it has the first, where OpenSSL takes one that is valid.
 */
export function noteCertificates(
  socket: TLSSocket,
  peer: DetailedPeerCertificate,
  presented: Presented,
): void {
  let last = peer;
  for (let left = presented.length; left > 1; left--) last = last.issuerCertificate;
  const nowMs = Date.now();
  if (last.issuerCertificate === last && presented.every((one) => isValidAt(one, nowMs)))
    noted.set(socket, presented);
}

/**
 * What a server presented; empty on a resumed session. Node links by name what was sent, and may close it with an
 * anchor of the bundle.
 */
export function presentedBy(socket: TLSSocket): Presented {
  const known = noted.get(socket);
  if (known !== undefined) return known;
  const certificates: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next !== undefined && certificates.length < maxPresented) {
    certificates.push(next);
    next = next.issuerCertificate;
  }
  return remember(certificates.map(({ fingerprint256 }) => fingerprint256).join(), () => certificates);
}

/**
 * The chain of what was presented under a bundle, built once.
 *
 * @param bundle undefined where there is nothing to judge by: then the chain is what was presented
 */
export function chainUnder(bundle: Bundle | undefined, presented: Presented): Chain | undefined {
  const [leaf] = presented;
  if (leaf === undefined) return undefined;
  const anchors = bundle ?? noTrust;
  const built = chains.get(anchors) ?? new WeakMap<Presented, Chain>();
  chains.set(anchors, built);
  const chain = built.get(presented) ?? buildChain(leaf, presented, anchors);
  built.set(presented, chain);
  return chain;
}

const noTrust = createBundle('nothing', []);
const noted = new WeakMap<TLSSocket, Presented>();
const chains = new WeakMap<Bundle, WeakMap<Presented, Chain>>();
/** By fingerprints, the one used last at the end. */
const remembered = new Map<string, Presented>();

function remember(key: string, make: () => Presented): Presented {
  const presented = remembered.get(key) ?? make();
  remembered.delete(key);
  remembered.set(key, presented);
  const [oldest] = remembered.keys();
  if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
  return presented;
}

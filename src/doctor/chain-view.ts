import type { X509Certificate } from 'node:crypto';
import type { FailureReason } from '../failure.ts';
import { isSelfSigned, type Chain } from '../trust/build-chain.ts';
import { findStrictDefects, type FoundDefect } from '../trust/strict-defects.ts';
import { chainUnder } from '../upstream/peer-chain.ts';
import { isValidAt } from '../trust/certificate-facts.ts';
import { issuerNameOf, nameOf } from './certificate-words.ts';
import type { Evidence, NamedBundle } from './evidence.ts';

/** The chain under the bundle of the target; undefined where nothing was presented. */
export function chainOf({ policy, presented }: Evidence): Chain | undefined {
  return chainUnder(policy?.bundle, presented);
}

/** What a bundle at hand makes of what was presented. */
export interface BundleVerdict {
  readonly named: NamedBundle;
  readonly isUsed: boolean;
  /** By names, key identifiers, signatures and dates; OpenSSL looks at more. */
  readonly verifies: boolean;
  readonly words: string;
}

/** Which of the bundles at hand would verify the chain, the one in use first. */
export function judgeBundles(evidence: Evidence): BundleVerdict[] {
  const { bundles, policy, presented, nowMs } = evidence;
  return bundles
    .map((named): BundleVerdict => {
      const chain = chainUnder(named.bundle, presented);
      const isUsed = named.bundle.sha256 === policy?.bundle?.sha256;
      const anchor = chain?.certificates.at(-1);
      if (chain?.isAnchored !== true || anchor === undefined)
        return { named, isUsed, verifies: false, words: `does not hold ${missingIn(chain)}` };
      const isTimely = chain.certificates.every((one) => isValidAt(one, nowMs));
      const words = `${isTimely ? 'leads to' : 'leads, by a certificate that is not valid now, to'} "${nameOf(anchor)}"`;
      return { named, isUsed, verifies: isTimely, words };
    })
    .sort((a, b) => Number(b.isUsed) - Number(a.isUsed));
}

/** A bundle that would do where the one in use does not. */
export function otherBundle(evidence: Evidence): NamedBundle | undefined {
  return judgeBundles(evidence).find(({ isUsed, verifies }) => !isUsed && verifies)?.named;
}

/** Of several faults OpenSSL tells the last that it finds: the dates, of a chain that does not lead to the bundle either. */
export function hiddenByDates(
  reason: FailureReason | undefined,
  { isAnchored, certificates }: Chain,
): 'tls_cert_issuer_unknown' | 'tls_cert_self_signed' | undefined {
  if (isAnchored || (reason !== 'tls_cert_expired' && reason !== 'tls_cert_not_yet_valid')) return undefined;
  const [leaf] = certificates;
  return leaf !== undefined && isSelfSigned(leaf) ? 'tls_cert_self_signed' : 'tls_cert_issuer_unknown';
}

/** What strict clients refuse; of a chain without its anchor what can be told already. */
export function strictDefectsOf(evidence: Evidence): FoundDefect[] {
  const chain = chainOf(evidence);
  if (chain === undefined) return [];
  const { certificates, isAnchored } = chain;
  const last = certificates.at(-1);
  if (isAnchored || last === undefined || (certificates.length > 1 && isSelfSigned(last)))
    return findStrictDefects(certificates);
  if (isSelfSigned(last)) return [];
  // Something else will be the last one: none of these is excused for being it.
  return findStrictDefects([...certificates, last]).filter(({ position }) => position < certificates.length);
}

/** What a certificate of a chain is called: `the certificate of the server`, `the intermediate "…"`. */
export function roleOf(chain: Chain, position: number): string {
  const certificate = chain.certificates[position];
  if (certificate === undefined || position === 0) return 'the certificate of the server';
  const isAnchor = chain.isAnchored && position === chain.certificates.length - 1;
  return `${isAnchor ? 'the CA' : 'the intermediate'} "${nameOf(certificate)}"`;
}

/** Position 0 is the leaf. */
export function positionsWhere(
  chain: Chain,
  isSo: (one: X509Certificate, position: number) => boolean,
): number[] {
  return chain.certificates.flatMap((one, position) => (isSo(one, position) ? [position] : []));
}

/** The CA to which a chain leads that does not lead to the bundle. */
export function missingIn(chain: Chain | undefined): string {
  const top = chain?.certificates.at(-1);
  if (top === undefined) return 'anything of it';
  return `"${isSelfSigned(top) ? nameOf(top) : issuerNameOf(top)}"`;
}

import type { X509Certificate } from 'node:crypto';
import type { Bundle } from './bundle.ts';
import { isValidAt, notAfterOf } from './certificate-facts.ts';

/** Longer than any chain in use; OpenSSL's own default is 100. */
const maxLength = 20;

/** The path from a leaf towards an anchor. */
export interface Chain {
  /** The leaf first. Where it is anchored, the anchor is the last. */
  readonly certificates: readonly X509Certificate[];
  /** Whether it ends in a certificate of the bundle. */
  readonly isAnchored: boolean;
  /** Whether another issuer that is valid would have done somewhere: which one OpenSSL took cannot be told. */
  readonly isAmbiguous: boolean;
}

/**
 * Rebuilds the chain that a handshake was verified by, which Node does not tell: at each step the anchors are asked
 * before what was presented, as OpenSSL does (X509_V_FLAG_TRUSTED_FIRST), and the first anchor ends it
 * (X509_V_FLAG_PARTIAL_CHAIN). An issuer is one whose name and key identifier fit and whose key made the signature.
 *
 * @param presented what the server sent, in any order, the leaf among them or not
 */
export function buildChain(
  leaf: X509Certificate,
  presented: readonly X509Certificate[],
  bundle: Bundle,
): Chain {
  const anchors = anchorsOf(bundle);
  const sent = indexBySubject(presented);
  const nowMs = Date.now();
  const certificates = [leaf];
  let isAmbiguous = false;
  let last = leaf;
  if (anchors.prints.has(leaf.fingerprint256)) return { certificates, isAnchored: true, isAmbiguous };
  while (certificates.length < maxLength && !isSelfSigned(last)) {
    const trusted = issuersOf(last, anchors.bySubject, nowMs);
    const candidates = trusted.length > 0 ? trusted : issuersOf(last, sent, nowMs);
    const next = candidates[0];
    if (next === undefined || certificates.some((one) => one.fingerprint256 === next.fingerprint256)) break;
    const [, rival] = candidates;
    isAmbiguous ||= rival !== undefined && (isValidAt(rival, nowMs) || !isValidAt(next, nowMs));
    certificates.push(next);
    if (trusted.length > 0) return { certificates, isAnchored: true, isAmbiguous };
    last = next;
  }
  return { certificates, isAnchored: false, isAmbiguous };
}

/** Whether its own key signed it. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return (
    certificate.subject === certificate.issuer &&
    certificate.checkIssued(certificate) &&
    certificate.verify(certificate.publicKey)
  );
}

type BySubject = ReadonlyMap<string, readonly X509Certificate[]>;

/**
 * In the order in which OpenSSL prefers them (X509_STORE_CTX_get1_issuer): the first one that is valid now, as they are
 * listed, and where none is the one that lasts longest.
 */
function issuersOf(certificate: X509Certificate, bySubject: BySubject, nowMs: number): X509Certificate[] {
  return (bySubject.get(nameKey(certificate.issuer)) ?? [])
    .filter((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))
    .sort(
      (a, b) =>
        Number(isValidAt(b, nowMs)) - Number(isValidAt(a, nowMs)) ||
        (isValidAt(a, nowMs) ? 0 : notAfterOf(b).getTime() - notAfterOf(a).getTime()),
    );
}

interface Anchors {
  readonly bySubject: BySubject;
  readonly prints: ReadonlySet<string>;
}

const known = new WeakMap<Bundle, Anchors>();

function anchorsOf(bundle: Bundle): Anchors {
  const cached = known.get(bundle);
  if (cached !== undefined) return cached;
  const { certificates } = bundle;
  const prints = new Set(certificates.map((one) => one.fingerprint256));
  const anchors = { bySubject: indexBySubject(certificates), prints };
  known.set(bundle, anchors);
  return anchors;
}

function indexBySubject(certificates: readonly X509Certificate[]): BySubject {
  const unique = new Map(certificates.map((one) => [one.fingerprint256, one]));
  return Map.groupBy(unique.values(), ({ subject }) => nameKey(subject));
}

/** Names are compared without case and doubled spaces (RFC 5280 section 7.1); `checkIssued` has the last word. */
function nameKey(name: string): string {
  return (name as string | undefined)?.toLowerCase().replaceAll(/ +/g, ' ') ?? '';
}

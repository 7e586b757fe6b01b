import { createHash, type X509Certificate } from 'node:crypto';
import { notAfterOf, onOneLine } from './certificate-facts.ts';
import type { FileFault } from './read-file.ts';

/** Certificates that are believed: each is a trust anchor, intermediates and leaves included. */
export interface Bundle {
  /** SHA-256 over the sorted fingerprints, hex: equal for the same set whatever the file or order. */
  readonly sha256: string;
  /** Without duplicates, in the order of the source. */
  readonly certificates: readonly X509Certificate[];
  /** The soonest expiry among them, Unix milliseconds; undefined where none can be read. */
  readonly notAfterMs: number | undefined;
  /** Where it came from, in words for logs: a path, `inline PEM`, `SSL_CERT_FILE …`. */
  readonly source: string;
}

/** A bundle, or why there is none. */
export type BundleResult = Bundle | FileFault;

export function createBundle(source: string, certificates: readonly X509Certificate[]): Bundle {
  const unique = [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()];
  const fingerprints = unique.map((one) => one.fingerprint256).sort();
  return {
    sha256: createHash('sha256').update(fingerprints.join()).digest('hex'),
    certificates: unique,
    notAfterMs: soonestEnd(unique),
    source,
  };
}

/** One whose end cannot be read verifies nothing, and must not hide when the others end. */
function soonestEnd(certificates: readonly X509Certificate[]): number | undefined {
  const ends = certificates.map((one) => notAfterOf(one).getTime()).filter((ms) => !Number.isNaN(ms));
  return ends.length > 0 ? Math.min(...ends) : undefined;
}

/** Both sets, for `tls.system_roots`. */
export function joinBundles(first: Bundle, second: Bundle): Bundle {
  return createBundle(`${first.source} and ${second.source}`, [
    ...first.certificates,
    ...second.certificates,
  ]);
}

const oidNameConstraints = Buffer.from('0603551d1e', 'hex');

/**
 * The intermediates of a bundle whose issuer stands in it too and carries name constraints (RFC 5280 section
 * 4.2.1.10). As anchors of their own they end the chain early, and OpenSSL never looks at the constraints.
 *
 * @returns their subjects
 */
export function bypassedConstraints(bundle: Bundle): readonly string[] {
  const known = bypassed.get(bundle);
  if (known !== undefined) return known;
  const found = findBypassedConstraints(bundle);
  bypassed.set(bundle, found);
  return found;
}

/** Many entries may share a bundle. */
const bypassed = new WeakMap<Bundle, readonly string[]>();

function findBypassedConstraints({ certificates }: Bundle): string[] {
  const constrained = certificates.filter((one) => one.raw.includes(oidNameConstraints));
  return certificates
    .filter((one) => one.ca && one.subject !== one.issuer)
    .filter((one) => constrained.some((issuer) => one.checkIssued(issuer) && one.verify(issuer.publicKey)))
    .map((one) => onOneLine(one.subject));
}

import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from './extensions.ts';
import { notAfterOf, readFacts } from '../trust/certificate-facts.ts';
import { dayMs } from './generated-ca.ts';
import type { Signer } from './signer.ts';
import { commonName, keyIdentifier, signCertificate, toPem } from './write-certificate.ts';

/** A leaf, ready to be presented. */
export interface MintedLeaf {
  /** The leaf and what is sent after it, PEM. */
  readonly chain: string;
  readonly notAfterMs: number;
}

const leafLifeMs = 7 * dayMs;
/** The upper bound of a common name (RFC 5280, appendix A). */
const maxCommonName = 64;

/** When a leaf that is signed now ends: in a week, and never after what it rests on. */
export function leafNotAfterMs({ certificate, chain }: Signer, nowMs: number): number {
  const ends = [certificate, ...chain].map((one) => notAfterOf(one).getTime());
  return Math.min(nowMs + leafLifeMs, ...ends);
}

/**
 * Signs a leaf.
 *
 * @param host a normalised name or IP literal
 */
export function mintLeaf(signer: Signer, host: string, publicKey: KeyObject, nowMs: number): MintedLeaf {
  const isName = isIP(host) === 0;
  const hasCommonName = isName && host.length <= maxCommonName;
  const issuer = readFacts(signer.certificate);
  const issuerKey = signer.certificate.publicKey;
  const notAfter = new Date(leafNotAfterMs(signer, nowMs));
  const der = signCertificate({
    subject: commonName(hasCommonName ? host : undefined),
    publicKey,
    issuer: { subject: issuer.subject, privateKey: signer.key, publicKey: issuerKey },
    notBefore: new Date(nowMs - dayMs),
    notAfter,
    extensions: [
      // Critical where the subject is empty, for then it is the only name (RFC 5280, 4.2.1.6).
      subjectAltName([host], !hasCommonName),
      basicConstraints(false, undefined, true),
      keyUsage(['digitalSignature']),
      extendedKeyUsage(['serverAuth']),
      subjectKeyIdentifier(keyIdentifier(publicKey)),
      authorityKeyIdentifier(issuer.subjectKeyIdentifier?.id ?? keyIdentifier(issuerKey)),
    ],
  });
  const above = signer.chain.map((one) => toPem(one.raw)).join('');
  return { chain: toPem(der) + above, notAfterMs: notAfter.getTime() };
}

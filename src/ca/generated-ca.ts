import { generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';
import type { PermittedDomain } from '../config/config.ts';
import { notAfterOf, notBeforeOf, readFacts } from '../trust/certificate-facts.ts';
import { authorityKeyIdentifier, basicConstraints, keyUsage, subjectKeyIdentifier } from './extensions.ts';
import { constraintsOf } from './permitted-domains.ts';
import { commonName, keyIdentifier, signCertificate, type Issuer } from './write-certificate.ts';

/** A CA of our making: its certificate, signed by itself, and its key. */
export interface GeneratedCa {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export const dayMs = 86_400_000;
/** Two years; half of it is for the successor to reach the clients. */
export const caLifeMs = 730 * dayMs;

/** By these two our own CAs are told from others, wherever their certificates turn up. */
export const ownOrganisation = 'mcp-tls-sidecar';
export const ownNamePrefix = 'mcp-tls-sidecar local CA ';

/** Makes a CA on a new P-256 key under a name that no other has. */
export function generateCa(nowMs: number, permitted: readonly PermittedDomain[]): GeneratedCa {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = commonName(ownNamePrefix + randomBytes(8).toString('hex'), ownOrganisation);
  const issuer = { subject, privateKey, publicKey };
  const validity = { notBefore: new Date(nowMs - dayMs), notAfter: new Date(nowMs + caLifeMs) };
  const der = writeCa({ subject, publicKey, issuer, permitted, ...validity });
  return { certificate: new X509Certificate(der), key: privateKey };
}

/** The certificate of a successor as its predecessor vouches for it, for clients that know the predecessor only. */
export function crossSign(
  successor: GeneratedCa,
  by: GeneratedCa,
  permitted: readonly PermittedDomain[],
): X509Certificate {
  const { publicKey } = successor.certificate;
  const { subject } = readFacts(successor.certificate);
  const der = writeCa({
    subject,
    publicKey,
    issuer: issuerOf(by),
    permitted,
    notBefore: notBeforeOf(successor.certificate),
    notAfter: notAfterOf(by.certificate),
  });
  return new X509Certificate(der);
}

/** A CA as what signs certificates. */
export function issuerOf({ certificate, key }: GeneratedCa): Issuer {
  const { subject } = readFacts(certificate);
  return { subject, privateKey: key, publicKey: certificate.publicKey };
}

function writeCa(options: {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly issuer: Issuer;
  readonly permitted: readonly PermittedDomain[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}): Buffer {
  const constraints = constraintsOf(options.permitted);
  const extensions = [
    // No path length: in its last days a CA vouches for its successor.
    basicConstraints(true, undefined, true),
    keyUsage(['keyCertSign', 'cRLSign']),
    subjectKeyIdentifier(keyIdentifier(options.publicKey)),
    authorityKeyIdentifier(keyIdentifier(options.issuer.publicKey)),
    ...(constraints === undefined ? [] : [constraints]),
  ];
  return signCertificate({ ...options, extensions });
}

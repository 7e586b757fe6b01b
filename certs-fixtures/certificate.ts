import { generateKeyPairSync, hash, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  bitString,
  integer,
  nothing,
  objectIdentifier,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.ts';

/** Keys that tests ask for. RSA 1024 is what OpenSSL's security level 2 calls too small. */
export type KeyAlgorithm = 'ec' | 'rsa-2048' | 'rsa-1024';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A name and the key that signs in it: what an issuer is. */
export interface Issuer extends KeyPair {
  /** The DER of the subject. */
  readonly subject: Buffer;
}

/** A certificate as it is to be written, faults and all: nothing here is checked. */
export interface CertificateContents {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly issuer: Issuer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Left out of a version 1 certificate. */
  readonly extensions: readonly Buffer[];
  readonly version?: 1 | 3;
}

/** Generates a key pair; P-256 takes well under a millisecond, RSA up to a second. */
export function generateKeyPair(algorithm: KeyAlgorithm = 'ec'): KeyPair {
  if (algorithm === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: algorithm === 'rsa-2048' ? 2048 : 1024 });
}

/** A subject of one common name; undefined is the empty name. */
export function commonName(text: string | undefined): Buffer {
  return text === undefined
    ? sequence()
    : sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(text))));
}

/** The key identifier of RFC 7093, section 2, method 4: from the SHA-256 of the SubjectPublicKeyInfo. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  return hash('sha256', spki(publicKey), 'buffer').subarray(0, 20);
}

/** Base64 of the SHA-256 of the SubjectPublicKeyInfo, as `pin_sha256` takes it. */
export function pinSha256(publicKey: KeyObject): string {
  return hash('sha256', spki(publicKey), 'base64');
}

/** Writes a certificate and signs it (RFC 5280, 4.1). Returns DER. */
export function signCertificate(contents: CertificateContents): Buffer {
  const { issuer, version = 3 } = contents;
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const toBeSigned = sequence(
    ...(version === 3 ? [tagged(0, integer(2))] : []),
    integer(serialNumber()),
    algorithm,
    issuer.subject,
    sequence(time(contents.notBefore), time(contents.notAfter)),
    contents.subject,
    spki(contents.publicKey),
    ...(version === 3 && contents.extensions.length > 0 ? [tagged(3, sequence(...contents.extensions))] : []),
  );
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, issuer.privateKey)));
}

/** DER as PEM. */
export function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** The private key as PKCS #8 PEM. */
export function exportKey({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}

const spki = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'ec'
    ? sequence(objectIdentifier('1.2.840.10045.4.3.2'))
    : sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing());
}

/** Positive and without a leading zero octet, so that its DER is minimal. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  return serial;
}

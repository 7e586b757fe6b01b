import { hash, randomBytes, sign, type KeyObject } from 'node:crypto';
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

/** A private key and the public key that goes with it. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A name and the key that signs in it: what an issuer is. */
export interface Issuer extends KeyPair {
  /** The DER of the subject. */
  readonly subject: Buffer;
}

/** A certificate as it is to be written: nothing here is checked. */
export interface CertificateContents {
  /** DER. */
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly issuer: Issuer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Left out of a version 1 certificate. */
  readonly extensions: readonly Buffer[];
  readonly version?: 1 | 3;
}

/** A subject of one common name, below an organisation if one is given; undefined is the empty name. */
export function commonName(text: string | undefined, organisation?: string): Buffer {
  const attribute = (oid: string, value: string) => set(sequence(objectIdentifier(oid), utf8String(value)));
  return sequence(
    ...(organisation === undefined ? [] : [attribute('2.5.4.10', organisation)]),
    ...(text === undefined ? [] : [attribute('2.5.4.3', text)]),
  );
}

/** The key identifier of RFC 7093, section 2, method 4: from the SHA-256 of the SubjectPublicKeyInfo. */
export function keyIdentifier(publicKey: KeyObject): Buffer {
  return hash('sha256', exportSpki(publicKey), 'buffer').subarray(0, 20);
}

/** The DER of a SubjectPublicKeyInfo. */
export const exportSpki = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/**
 * Writes a certificate and signs it (RFC 5280, 4.1). Returns DER.
 *
 * @throws where the issuer's key is none of those that {@link isSupportedKey} names
 */
export function signCertificate(contents: CertificateContents): Buffer {
  const { issuer, version = 3 } = contents;
  const { algorithm, digest } = signatureOf(issuer.privateKey);
  const toBeSigned = sequence(
    ...(version === 3 ? [tagged(0, integer(2))] : []),
    integer(serialNumber()),
    algorithm,
    issuer.subject,
    sequence(time(contents.notBefore), time(contents.notAfter)),
    contents.subject,
    exportSpki(contents.publicKey),
    ...(version === 3 && contents.extensions.length > 0 ? [tagged(3, sequence(...contents.extensions))] : []),
  );
  return sequence(toBeSigned, algorithm, bitString(sign(digest, toBeSigned, issuer.privateKey)));
}

/** Whether certificates can be signed by a key: EC on P-256, P-384 or P-521, RSA (PKCS #1), Ed25519. */
export function isSupportedKey(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec'
    ? Object.hasOwn(ecdsa, key.asymmetricKeyDetails?.namedCurve ?? '')
    : key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'ed25519';
}

/** DER as PEM. */
export function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** By the curve as Node calls it: a digest as strong as the curve (RFC 5480, section 4). */
const ecdsa: Readonly<Record<string, { oid: string; digest: string }>> = {
  prime256v1: { oid: '1.2.840.10045.4.3.2', digest: 'sha256' },
  secp384r1: { oid: '1.2.840.10045.4.3.3', digest: 'sha384' },
  secp521r1: { oid: '1.2.840.10045.4.3.4', digest: 'sha512' },
};

function signatureOf(key: KeyObject): { algorithm: Buffer; digest: string | null } {
  if (!isSupportedKey(key)) throw new Error(`no signatures by ${key.asymmetricKeyType ?? 'secret'} keys`);
  if (key.asymmetricKeyType === 'ed25519')
    return { algorithm: sequence(objectIdentifier('1.3.101.112')), digest: null };
  const curve = ecdsa[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return curve === undefined
    ? { algorithm: sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing()), digest: 'sha256' }
    : { algorithm: sequence(objectIdentifier(curve.oid)), digest: curve.digest };
}

/** Positive and without a leading zero octet, so that its DER is minimal. */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  return serial;
}

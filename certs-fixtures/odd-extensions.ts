import { X509Certificate } from 'node:crypto';
import { namedBits, objectIdentifier, octetString, sequence, tagged, taggedString } from '../src/ca/der.ts';
import { extension, oids } from '../src/ca/extensions.ts';
import { keyIdentifier } from '../src/ca/write-certificate.ts';
import type { Ca } from './create-ca.ts';

/** Which parts of an Authority Key Identifier are written. */
export interface AuthorityParts {
  readonly keyId?: boolean;
  readonly issuer?: boolean;
  readonly serial?: boolean;
  readonly critical?: boolean;
}

/** An Authority Key Identifier that names a root in another way than by its key alone (RFC 5280, 4.2.1.1). */
export function authorityIdentifierOf(root: Ca, parts: AuthorityParts): Buffer {
  const { serialNumber } = new X509Certificate(root.pem);
  const value = sequence(
    ...(parts.keyId === true ? [taggedString(0, keyIdentifier(root.issuer.publicKey))] : []),
    ...(parts.issuer === true ? [tagged(1, tagged(4, root.issuer.subject))] : []),
    ...(parts.serial === true ? [taggedString(2, Buffer.from(serialNumber, 'hex'))] : []),
  );
  return extension(oids.authorityKeyIdentifier, value, parts.critical);
}

/** A Subject Key Identifier that is critical, which it must not be (RFC 5280, 4.2.1.2). */
export const criticalSubjectIdentifier = (): Buffer =>
  extension(oids.subjectKeyIdentifier, octetString(Buffer.from('critical')), true);

/** A subject alternative name without any name in it. */
export const emptyAltName = (): Buffer => extension(oids.subjectAltName, sequence());

/** A subject alternative name of DNS names that is not critical, whatever the subject is. */
export const altNameNotCritical = (name: string): Buffer =>
  extension(oids.subjectAltName, sequence(taggedString(2, Buffer.from(name))));

/** basicConstraints of a non-CA with a path length, which only a CA can have. */
export const pathLengthWithoutCa = (): Buffer =>
  extension(oids.basicConstraints, sequence(Buffer.from([0x02, 0x01, 0x00])), true);

/** Netscape's certificate type of an SSL CA, as CAs of the nineties say that they are one. */
export const netscapeCa = (): Buffer => extension('2.16.840.1.113730.1.1', namedBits([5]));

/** An extension that nobody knows. */
export const unknownExtension = (critical: boolean): Buffer =>
  extension('1.3.6.1.4.1.55555.1', objectIdentifier('1.3.6.1.4.1.55555.2'), critical);

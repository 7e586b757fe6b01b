import { isIP } from 'node:net';
import { addressOctets, maskOctets, type AddressBlock } from '../ip-address.ts';
import {
  boolean,
  integer,
  namedBits,
  objectIdentifier,
  octetString,
  sequence,
  tagged,
  taggedString,
} from './der.ts';

/** Extensions of certificates (RFC 5280, 4.2.1). */
export const oids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

const purposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
} as const;

export type KeyUsage = keyof typeof keyUsageBits;
export type Purpose = keyof typeof purposes;

/** Any extension (RFC 5280, 4.1): `value` is the DER inside the OCTET STRING. */
export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

export const subjectKeyIdentifier = (id: Buffer): Buffer =>
  extension(oids.subjectKeyIdentifier, octetString(id));

/** Without an id the extension is there and empty, which strict clients refuse like a missing one. */
export const authorityKeyIdentifier = (id?: Buffer): Buffer =>
  extension(oids.authorityKeyIdentifier, id === undefined ? sequence() : sequence(taggedString(0, id)));

export function basicConstraints(ca: boolean, pathLength: number | undefined, critical: boolean): Buffer {
  const parts = [...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return extension(oids.basicConstraints, sequence(...parts), critical);
}

export const keyUsage = (usages: readonly KeyUsage[]): Buffer =>
  extension(oids.keyUsage, namedBits(usages.map((usage) => keyUsageBits[usage])), true);

export const extendedKeyUsage = (wanted: readonly Purpose[]): Buffer =>
  extension(oids.extendedKeyUsage, sequence(...wanted.map((purpose) => objectIdentifier(purposes[purpose]))));

/** Names that are IP literals become iPAddress, all others dNSName, whatever they look like. */
export const subjectAltName = (names: readonly string[], critical: boolean): Buffer =>
  extension(oids.subjectAltName, sequence(...names.map((name) => generalName(name))), critical);

/** The base of a subtree of name constraints: `corp.test` is itself and all below it, the empty name is every name. */
export const nameSubtree = (name: string): Buffer => sequence(taggedString(2, Buffer.from(name, 'latin1')));

/** The base of a subtree of name constraints: a CIDR block. */
export function addressSubtree(block: AddressBlock): Buffer {
  return sequence(taggedString(7, Buffer.concat([addressOctets(block.address), maskOctets(block)])));
}

/** Name constraints (RFC 5280, 4.2.1.10) of subtrees as the functions above make them. */
export function nameConstraints(permitted: readonly Buffer[], excluded: readonly Buffer[]): Buffer {
  const value = sequence(
    ...(permitted.length > 0 ? [tagged(0, ...permitted)] : []),
    ...(excluded.length > 0 ? [tagged(1, ...excluded)] : []),
  );
  return extension(oids.nameConstraints, value, true);
}

const generalName = (name: string): Buffer =>
  isIP(name) === 0 ? taggedString(2, Buffer.from(name, 'latin1')) : taggedString(7, addressOctets(name));

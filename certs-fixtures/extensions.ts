import { isIP } from 'node:net';
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

export const subjectKeyIdentifier = (id: Buffer): Buffer => extension('2.5.29.14', octetString(id));

/** Without an id the extension is there and empty, which strict clients refuse like a missing one. */
export const authorityKeyIdentifier = (id?: Buffer): Buffer =>
  extension('2.5.29.35', id === undefined ? sequence() : sequence(taggedString(0, id)));

export function basicConstraints(ca: boolean, pathLength: number | undefined, critical: boolean): Buffer {
  const parts = [...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)])];
  return extension('2.5.29.19', sequence(...parts), critical);
}

export const keyUsage = (usages: readonly KeyUsage[]): Buffer =>
  extension('2.5.29.15', namedBits(usages.map((usage) => keyUsageBits[usage])), true);

export const extendedKeyUsage = (wanted: readonly Purpose[]): Buffer =>
  extension('2.5.29.37', sequence(...wanted.map((purpose) => objectIdentifier(purposes[purpose]))));

/** Names that are IP literals become iPAddress, all others dNSName, whatever they look like. */
export const subjectAltName = (names: readonly string[], critical: boolean): Buffer =>
  extension('2.5.29.17', sequence(...names.map((name) => generalName(name))), critical);

/** Subtrees as in RFC 5280, 4.2.1.10: `corp.test` covers itself and all below; an address stands for itself only. */
export function nameConstraints(permitted: readonly string[], excluded: readonly string[]): Buffer {
  const subtrees = (names: readonly string[]) => names.map((name) => sequence(generalName(name, true)));
  const value = sequence(
    ...(permitted.length > 0 ? [tagged(0, ...subtrees(permitted))] : []),
    ...(excluded.length > 0 ? [tagged(1, ...subtrees(excluded))] : []),
  );
  return extension('2.5.29.30', value, true);
}

function generalName(name: string, withMask = false): Buffer {
  if (isIP(name) === 0) return taggedString(2, Buffer.from(name, 'latin1'));
  const octets = addressOctets(name);
  return taggedString(7, withMask ? Buffer.concat([octets, Buffer.alloc(octets.length, 0xff)]) : octets);
}

function addressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // URL writes any IPv6 literal as hexadecimal groups, with at most one `::`.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  const all = [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

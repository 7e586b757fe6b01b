import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import {
  addressSubtree,
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  nameConstraints,
  nameSubtree,
  subjectAltName,
  subjectKeyIdentifier,
  type KeyUsage,
  type Purpose,
} from '../src/ca/extensions.ts';
import { keyIdentifier } from '../src/ca/write-certificate.ts';

/** Departures that any certificate can have. */
export interface Faults {
  /** `empty`: the extension without a key id. */
  readonly authorityKeyIdentifier?: boolean | 'empty';
  readonly subjectKeyIdentifier?: boolean;
  readonly keyUsage?: readonly KeyUsage[] | false;
  readonly extendedKeyUsage?: readonly Purpose[] | false;
  /** Further extensions, as `extension()` makes them. */
  readonly extraExtensions?: readonly Buffer[];
}

export interface CaFaults extends Faults {
  /** false: an issuer that is no CA. */
  readonly ca?: boolean;
  readonly basicConstraints?: 'critical' | 'not critical' | false;
  readonly pathLength?: number;
  /** Name constraints: `corp.test` is that name and all below it; an address is that address. */
  readonly permittedNames?: readonly string[];
  readonly excludedNames?: readonly string[];
}

export interface LeafFaults extends Faults {
  /** false: without the extension that says that it is no CA. */
  readonly basicConstraints?: false;
  /** false: the common name alone, as before RFC 2818. */
  readonly subjectAltName?: boolean;
  readonly commonName?: string | null;
}

export function caExtensions(faults: CaFaults, own: KeyObject, issuer: KeyObject): Buffer[] {
  const {
    ca = true,
    basicConstraints: constraints = 'critical',
    permittedNames = [],
    excludedNames = [],
  } = faults;
  const usages = faults.keyUsage ?? (ca ? ['keyCertSign', 'cRLSign'] : ['digitalSignature']);
  return [
    ...(constraints === false ? [] : [basicConstraints(ca, faults.pathLength, constraints === 'critical')]),
    ...(usages === false ? [] : [keyUsage(usages)]),
    ...(faults.extendedKeyUsage ? [extendedKeyUsage(faults.extendedKeyUsage)] : []),
    ...identifiers(faults, own, issuer),
    ...(permittedNames.length + excludedNames.length > 0
      ? [nameConstraints(permittedNames.map(subtree), excludedNames.map(subtree))]
      : []),
    ...(faults.extraExtensions ?? []),
  ];
}

export function leafExtensions(
  faults: LeafFaults,
  names: readonly string[],
  own: KeyObject,
  issuer: KeyObject,
): Buffer[] {
  const { extendedKeyUsage: purposes = ['serverAuth'] } = faults;
  const usages = faults.keyUsage ?? usagesOf(own);
  return [
    // RFC 5280, 4.2.1.6: critical where the subject is empty, for then it is the only name.
    ...(faults.subjectAltName === false ? [] : [subjectAltName(names, faults.commonName === null)]),
    ...(faults.basicConstraints === false ? [] : [basicConstraints(false, undefined, true)]),
    ...(usages === false ? [] : [keyUsage(usages)]),
    ...(purposes === false ? [] : [extendedKeyUsage(purposes)]),
    ...identifiers(faults, own, issuer),
    ...(faults.extraExtensions ?? []),
  ];
}

function subtree(name: string): Buffer {
  const family = isIP(name);
  return family === 0
    ? nameSubtree(name)
    : addressSubtree({ address: name, prefixLength: family === 4 ? 32 : 128 });
}

const usagesOf = (key: KeyObject): readonly KeyUsage[] =>
  key.asymmetricKeyType === 'rsa' ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'];

function identifiers(faults: Faults, own: KeyObject, issuer: KeyObject): Buffer[] {
  const { authorityKeyIdentifier: authority = true } = faults;
  return [
    ...(faults.subjectKeyIdentifier === false ? [] : [subjectKeyIdentifier(keyIdentifier(own))]),
    ...(authority === false
      ? []
      : [authorityKeyIdentifier(authority === 'empty' ? undefined : keyIdentifier(issuer))]),
  ];
}

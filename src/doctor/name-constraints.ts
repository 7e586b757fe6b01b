import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { factsOf } from '../trust/certificate-facts.ts';
import { readElement, readElements, type DerElement } from '../trust/read-der.ts';

const oid = '2.5.29.30';
/** Tags of GeneralName: dNSName and iPAddress. */
const dnsTag = 0x82;
const addressTag = 0x87;

/**
 * Whether a CA may not certify a name of a leaf (RFC 5280 section 4.2.1.10). DNS names and IPv4 addresses alone are
 * read; what is no DER forbids nothing that could be told.
 */
export function forbidsNames(ca: X509Certificate, leaf: X509Certificate): boolean {
  const extension = factsOf(ca)?.extensions.get(oid);
  if (extension === undefined) return false;
  try {
    return forbids(readElements(readElement(extension.value)), namesOf(leaf));
  } catch {
    return false;
  }
}

function forbids(lists: readonly DerElement[], names: readonly string[]): boolean {
  const permitted = subtrees(lists.find(({ tag }) => tag === 0xa0));
  const excluded = subtrees(lists.find(({ tag }) => tag === 0xa1));
  return names.some((name) => {
    const fits = ({ tag, contents }: DerElement) => contains(tag, contents, name);
    const ofKind = permitted.filter(({ tag }) => tag === kindOf(name));
    return excluded.some(fits) || (ofKind.length > 0 && !ofKind.some(fits));
  });
}

function subtrees(list: DerElement | undefined): DerElement[] {
  if (list === undefined) return [];
  return readElements(list).flatMap((subtree) => readElements(subtree).slice(0, 1));
}

function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  const found = [...subjectAltName.matchAll(/(?:DNS|IP Address):([^,\s"]+)/g)];
  return found.map(([, name = '']) => name.toLowerCase());
}

const kindOf = (name: string): number => (isIP(name) === 0 ? dnsTag : addressTag);

function contains(tag: number, contents: Buffer, name: string): boolean {
  if (tag !== kindOf(name)) return false;
  if (tag === dnsTag) {
    const subtree = contents.toString('latin1').toLowerCase();
    return (
      subtree === '' || name === subtree || name.endsWith(subtree.startsWith('.') ? subtree : `.${subtree}`)
    );
  }
  // Address and mask; only IPv4 is compared, others are left to OpenSSL.
  const octets = name.split('.').map(Number);
  return (
    contents.length === 8 &&
    octets.every((octet, index) => (octet & (contents[4 + index] ?? 0)) === contents[index])
  );
}

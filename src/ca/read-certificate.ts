import type { X509Certificate } from 'node:crypto';
import { oids } from './extensions.ts';
import { objectIdentifier } from './der.ts';

/** What Node tells of no certificate, read from its DER. */
export interface CertificateDetails {
  /** The DER of the subject. */
  readonly subject: Buffer;
  readonly subjectKeyIdentifier: Buffer | undefined;
  readonly hasBasicConstraints: boolean;
  readonly hasAuthorityKeyIdentifier: boolean;
  /** The name constraints as they are written, undefined where there are none. */
  readonly nameConstraints: Buffer | undefined;
  /** Undefined where the extension is missing. */
  readonly mayKeyCertSign: boolean | undefined;
}

interface Element {
  readonly tag: number;
  readonly contents: Buffer;
  readonly whole: Buffer;
}

/**
 * Reads a certificate that OpenSSL has parsed.
 *
 * @throws RangeError for BER that is no DER
 */
export function readCertificate({ raw }: X509Certificate): CertificateDetails {
  const fields = children(firstChild(firstChild(raw)));
  // TBSCertificate: the version is there unless it is 1; then serial, signature, issuer, validity, subject.
  const subject = at(fields, (fields[0]?.tag === 0xa0 ? 1 : 0) + 4).whole;
  const extensions = extensionsOf(fields);
  const keyUsage = extensions.get(oids.keyUsage);
  const skid = extensions.get(oids.subjectKeyIdentifier);
  return {
    subject,
    subjectKeyIdentifier: skid === undefined ? undefined : readElement(skid, 0).contents,
    hasBasicConstraints: extensions.has(oids.basicConstraints),
    hasAuthorityKeyIdentifier: extensions.has(oids.authorityKeyIdentifier),
    nameConstraints: extensions.get(oids.nameConstraints),
    // Bit 5 of a BIT STRING whose first octet counts the unused bits.
    mayKeyCertSign:
      keyUsage === undefined ? undefined : ((readElement(keyUsage, 0).contents[1] ?? 0) & 0x04) !== 0,
  };
}

/** The values of the extensions that we know, by their identifiers. */
function extensionsOf(fields: readonly Element[]): ReadonlyMap<string, Buffer> {
  const known = new Map(Object.values(oids).map((oid) => [objectIdentifier(oid).toString('hex'), oid]));
  const found = new Map<string, Buffer>();
  const list = fields.find(({ tag }) => tag === 0xa3);
  if (list === undefined) return found;
  for (const extension of children(readElement(list.contents, 0))) {
    const parts = children(extension);
    const oid = known.get(at(parts, 0).whole.toString('hex'));
    if (oid !== undefined) found.set(oid, at(parts, parts.length - 1).contents);
  }
  return found;
}

const firstChild = (of: Buffer | Element): Element =>
  Buffer.isBuffer(of) ? readElement(of, 0) : readElement(of.contents, 0);

function children({ contents }: Element): Element[] {
  const found: Element[] = [];
  for (let offset = 0; offset < contents.length;) {
    const element = readElement(contents, offset);
    found.push(element);
    offset += element.whole.length;
  }
  return found;
}

function at(elements: readonly Element[], index: number): Element {
  const element = elements[index];
  if (element === undefined) throw new RangeError('the certificate ends too soon');
  return element;
}

function readElement(der: Buffer, offset: number): Element {
  const first = der.readUInt8(offset + 1);
  const octets = first & 0x7f;
  const isLong = first >= 0x80;
  const length = isLong ? der.readUIntBE(offset + 2, octets) : first;
  const start = offset + 2 + (isLong ? octets : 0);
  if (start + length > der.length) throw new RangeError('an element is longer than the certificate');
  const whole = der.subarray(offset, start + length);
  return { tag: der.readUInt8(offset), contents: der.subarray(start, start + length), whole };
}

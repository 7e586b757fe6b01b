import type { X509Certificate } from 'node:crypto';
import { readBits, readElement, readElements, readObjectIdentifier, type DerElement } from './read-der.ts';

/** What Node's X509Certificate does not tell, read from the DER (RFC 5280 section 4). */
export interface CertificateFacts {
  readonly version: number;
  /** DER. */
  readonly subject: Buffer;
  readonly isSubjectEmpty: boolean;
  readonly isIssuerEmpty: boolean;
  /** Whether the algorithm inside of what is signed is that of the signature. */
  readonly isSignatureAlgorithmConsistent: boolean;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** By identifier, dotted. */
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly basicConstraints:
    { readonly critical: boolean; readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** The set bits, RFC 5280 section 4.2.1.3. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  readonly subjectKeyIdentifier: { readonly critical: boolean; readonly id: Buffer } | undefined;
  readonly authorityKeyIdentifier:
    | {
        readonly critical: boolean;
        readonly id: Buffer | undefined;
        readonly hasIssuer: boolean;
        readonly hasSerial: boolean;
      }
    | undefined;
  readonly subjectAltName: { readonly critical: boolean; readonly names: number } | undefined;
  /** Whether Netscape's certificate type says that it is some CA: what there was before basicConstraints. */
  readonly isNetscapeCa: boolean;
}

/** An extension as it is written. */
export interface Extension {
  readonly critical: boolean;
  /** The DER inside the OCTET STRING. */
  readonly value: Buffer;
}

const netscapeCaBits = new Set([5, 6, 7]);

/** Bits of keyUsage. */
export const keyUsageBits = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

const oids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  netscapeCertificateType: '2.16.840.1.113730.1.1',
} as const;

/**
 * Reads a certificate that OpenSSL has parsed.
 *
 * @returns undefined for what OpenSSL takes and DER does not allow
 */
export function factsOf(certificate: X509Certificate): CertificateFacts | undefined {
  const known = cache.get(certificate);
  if (known !== undefined) return known.facts;
  let facts: CertificateFacts | undefined;
  try {
    facts = read(certificate.raw);
  } catch {
    facts = undefined;
  }
  cache.set(certificate, { facts });
  return facts;
}

/**
 * The same of a certificate that was looked at before, or is our own.
 *
 * @throws RangeError for what is no DER
 */
export function readFacts(certificate: X509Certificate): CertificateFacts {
  return required(factsOf(certificate));
}

/** Whether a moment is within its dates. */
export function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return notBeforeOf(certificate).getTime() <= nowMs && nowMs <= notAfterOf(certificate).getTime();
}

/** When a certificate begins to be valid; an invalid date where that cannot be read. */
export function notBeforeOf({ validFrom, validFromDate }: X509Certificate): Date {
  return readable(validFrom, validFromDate);
}

/** When a certificate ends; an invalid date where that cannot be read. */
export function notAfterOf({ validTo, validToDate }: X509Certificate): Date {
  return readable(validTo, validToDate);
}

/** Of a date that OpenSSL cannot read, Node makes whatever lies in memory there (26.10): the words of OpenSSL tell. */
function readable(words: string, date: Date): Date {
  return words.startsWith('Bad time value') ? new Date(Number.NaN) : date;
}

/** SHA-256 in hexadecimal digits, as metrics and reports have it. */
export function fingerprintOf({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

/** A distinguished name of Node's on one line. Typed as text, it is undefined where the name is empty. */
export function onOneLine(name: string | undefined): string {
  return (name ?? '').replaceAll('\n', ', ');
}

const cache = new WeakMap<X509Certificate, { readonly facts: CertificateFacts | undefined }>();

function read(raw: Buffer): CertificateFacts {
  const [signed, outerAlgorithm] = readElements(readElement(raw));
  const fields = readElements(required(signed));
  const isVersioned = fields[0]?.tag === 0xa0;
  const version = isVersioned ? (readElement(required(fields[0]).contents).contents[0] ?? 0) + 1 : 1;
  const [, algorithm, issuer, , subject, publicKey] = isVersioned ? fields.slice(1) : fields;
  const extensions = readExtensions(fields.find(({ tag }) => tag === 0xa3));
  return {
    version,
    subject: required(subject).whole,
    isSubjectEmpty: required(subject).contents.length === 0,
    isIssuerEmpty: required(issuer).contents.length === 0,
    isSignatureAlgorithmConsistent: required(algorithm).whole.equals(required(outerAlgorithm).whole),
    publicKey: required(publicKey).whole,
    extensions,
    ...readKnown(extensions),
  };
}

function readExtensions(list: DerElement | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  if (list === undefined) return extensions;
  for (const element of readElements(readElement(list.contents))) {
    const parts = readElements(element);
    const critical = parts.length > 2 && required(parts[1]).contents[0] !== 0;
    extensions.set(readObjectIdentifier(required(parts[0])), {
      critical,
      value: required(parts.at(-1)).contents,
    });
  }
  return extensions;
}

type Known = Pick<
  CertificateFacts,
  | 'basicConstraints'
  | 'keyUsage'
  | 'subjectKeyIdentifier'
  | 'authorityKeyIdentifier'
  | 'subjectAltName'
  | 'isNetscapeCa'
>;

function readKnown(extensions: ReadonlyMap<string, Extension>): Known {
  const of = <T>(oid: string, map: (element: DerElement, critical: boolean) => T): T | undefined => {
    const found = extensions.get(oid);
    return found === undefined ? undefined : map(readElement(found.value), found.critical);
  };
  return {
    basicConstraints: of(oids.basicConstraints, (element, critical) => {
      const parts = readElements(element);
      const ca = parts.find(({ tag }) => tag === 0x01);
      const length = parts.find(({ tag }) => tag === 0x02);
      const pathLength = length && Number(`0x${length.contents.toString('hex') || '0'}`);
      return { critical, ca: ca !== undefined && ca.contents[0] !== 0, pathLength };
    }),
    keyUsage: of(oids.keyUsage, readBits),
    subjectKeyIdentifier: of(oids.subjectKeyIdentifier, ({ contents: id }, critical) => ({ critical, id })),
    authorityKeyIdentifier: of(oids.authorityKeyIdentifier, (element, critical) => {
      const parts = readElements(element);
      return {
        critical,
        id: parts.find(({ tag }) => tag === 0x80)?.contents,
        hasIssuer: parts.some(({ tag }) => tag === 0xa1),
        hasSerial: parts.some(({ tag }) => tag === 0x82),
      };
    }),
    subjectAltName: of(oids.subjectAltName, (element, critical) => ({
      critical,
      names: readElements(element).length,
    })),
    // The last three bits: CA for SSL, for S/MIME, for objects.
    isNetscapeCa: !netscapeCaBits.isDisjointFrom(of(oids.netscapeCertificateType, readBits) ?? new Set()),
  };
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('the certificate is no DER, or ends too soon');
  return value;
}

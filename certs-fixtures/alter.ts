import { constants, sign, type KeyObject } from 'node:crypto';
import { bitString, integer, nothing, objectIdentifier, sequence, tagged } from '../src/ca/der.ts';
import { toPem } from '../src/ca/write-certificate.ts';
import { readElement, readElements } from '../src/trust/read-der.ts';
import type { Ca } from './create-ca.ts';
import type { Leaf } from './issue-leaf.ts';

/** How a certificate is to be signed that no sane writer would sign so. RSA keys only. */
export type OddSignature = 'sha1' | 'md5' | 'pss';

/** Faults that are put into a certificate after it was written. It is signed again, so that it has no other. */
export interface Alteration {
  readonly signature?: OddSignature;
  /** What is signed names SHA-1, whatever the signature is made with (RFC 5280, 4.1.1.2). */
  readonly statesSha1?: boolean;
  /** Without the version, which then is 1, but with its extensions. */
  readonly dropVersion?: boolean;
}

/** The leaf, altered, with the intermediates that it had. */
export function alterLeaf(leaf: Leaf, issuer: Ca, alteration: Alteration): Leaf {
  return withDer(leaf, signAnew(leaf.certificateDer, issuer.issuer.privateKey, alteration));
}

/** A root, altered; what it issues is not, for its key and name stay. */
export function alterRoot(root: Ca, alteration: Alteration): Ca {
  const der = signAnew(root.certificateDer, root.issuer.privateKey, alteration);
  return { ...root, certificateDer: der, pem: toPem(der) };
}

/** One bit of the signature is wrong: its last octet belongs to it. */
export function breakSignature(leaf: Leaf): Leaf {
  const der = Buffer.from(leaf.certificateDer);
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
  return withDer(leaf, der);
}

/** Tag and length of a UTCTime (RFC 5280 section 4.1.2.5.1): the first one of a certificate is its beginning, the second its end. */
const utcTime = Buffer.from([0x17, 0x0d]);

/**
 * A certificate of which one date is in a thirteenth month, which OpenSSL decodes and cannot read. The signature holds
 * no more, which nobody comes to look at.
 */
export function withUnreadableDate(certificateDer: Buffer, which: 'notBefore' | 'notAfter'): Buffer {
  const der = Buffer.from(certificateDer);
  const begin = der.indexOf(utcTime);
  const at = which === 'notBefore' ? begin : der.indexOf(utcTime, begin + 1);
  der.write('271399999999Z', at + utcTime.length, 'latin1');
  return der;
}

/** The leaf with an end that cannot be read. */
export function withUnreadableEnd(leaf: Leaf): Leaf {
  return withDer(leaf, withUnreadableDate(leaf.certificateDer, 'notAfter'));
}

function withDer(leaf: Leaf, certificateDer: Buffer): Leaf {
  const certificate = toPem(certificateDer);
  return {
    ...leaf,
    certificateDer,
    certificate,
    chain: certificate + leaf.chain.slice(leaf.certificate.length),
  };
}

function signAnew(der: Buffer, key: KeyObject, { signature, statesSha1, dropVersion }: Alteration): Buffer {
  const [signed = never(), algorithm = never()] = readElements(readElement(der));
  const [version = never(), serial = never(), , ...rest] = readElements(signed);
  const chosen = signature === undefined ? algorithm.whole : algorithms[signature];
  const toBeSigned = sequence(
    ...(dropVersion === true ? [] : [version.whole]),
    serial.whole,
    statesSha1 === true ? algorithms.sha1 : chosen,
    ...rest.map(({ whole }) => whole),
  );
  return sequence(toBeSigned, chosen, bitString(signWith(signature, toBeSigned, key)));
}

function signWith(signature: OddSignature | undefined, data: Buffer, key: KeyObject): Buffer {
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  if (signature === 'pss') return sign('sha256', data, pss);
  return sign(signature ?? 'sha256', data, key);
}

const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'), nothing());

const algorithms: Readonly<Record<OddSignature, Buffer>> = {
  sha1: sequence(objectIdentifier('1.2.840.113549.1.1.5'), nothing()),
  md5: sequence(objectIdentifier('1.2.840.113549.1.1.4'), nothing()),
  // RFC 4055, 3.1: hash, mask generation and the length of the salt.
  pss: sequence(
    objectIdentifier('1.2.840.113549.1.1.10'),
    sequence(
      tagged(0, sha256),
      tagged(1, sequence(objectIdentifier('1.2.840.113549.1.1.8'), sha256)),
      tagged(2, integer(32)),
    ),
  ),
};

function never(): never {
  throw new RangeError('the certificate ends too soon');
}

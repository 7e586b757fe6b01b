import {
  commonName,
  signCertificate,
  toPem,
  type Issuer,
  type KeyPair,
} from '../src/ca/write-certificate.ts';
import { exportKey, generateKeyPair, pinSha256 } from './key-pairs.ts';
import { leafExtensions, type LeafFaults } from './faults.ts';
import { validityOf, type CommonOptions } from './validity.ts';

/** A server's or client's certificate with its key. */
export interface Leaf {
  readonly certificate: string;
  readonly key: string;
  /** What a server presents: the certificate and the intermediates, without the root. */
  readonly chain: string;
  readonly certificateDer: Buffer;
  /** As `pin_sha256` takes it. */
  readonly pin: string;
  readonly notAfter: Date;
}

export interface LeafOptions extends CommonOptions, LeafFaults {
  /** The common name; left out, the first of the names; `null`: an empty subject. */
  readonly commonName?: string | null;
}

/**
 * Issues a leaf.
 *
 * @param chainAbove the PEM of the intermediates that belong into its chain
 */
export function issueLeaf(
  issuer: Issuer,
  chainAbove: string,
  names: readonly string[],
  options: LeafOptions,
): Leaf {
  return writeLeaf(issuer, generateKeyPair(options.keyAlgorithm), chainAbove, names, options);
}

/** A certificate that only its own key vouches for, as a server set up by hand presents. */
export function selfSigned(names: string | readonly string[], options: LeafOptions = {}): Leaf {
  const keys = generateKeyPair(options.keyAlgorithm);
  const issuer = { ...keys, subject: subjectOf([names].flat(), options) };
  return writeLeaf(issuer, keys, '', [names].flat(), options);
}

function writeLeaf(
  issuer: Issuer,
  keys: KeyPair,
  chainAbove: string,
  names: readonly string[],
  options: LeafOptions,
): Leaf {
  const { publicKey } = keys;
  const { version = 3 } = options;
  const subject = subjectOf(names, options);
  const validity = validityOf(options, 30);
  const extensions = leafExtensions(options, names, publicKey, issuer.publicKey);
  const der = signCertificate({ subject, publicKey, issuer, ...validity, extensions, version });
  const certificate = toPem(der);
  return {
    certificate,
    key: exportKey(keys),
    chain: certificate + chainAbove,
    certificateDer: der,
    pin: pinSha256(publicKey),
    notAfter: validity.notAfter,
  };
}

const subjectOf = (names: readonly string[], options: LeafOptions): Buffer =>
  commonName(options.commonName === null ? undefined : (options.commonName ?? names[0]));

import type { X509Certificate } from 'node:crypto';
import type { Chain } from '../trust/build-chain.ts';
import { factsOf } from '../trust/certificate-facts.ts';
import { readElement, readElements } from '../trust/read-der.ts';
import type { Cause } from './cause.ts';
import { chainOf, positionsWhere, roleOf } from './chain-view.ts';
import type { Finding } from './diagnosis.ts';
import type { Evidence } from './evidence.ts';
import { forbidsNames } from './name-constraints.ts';
import { message } from './remedy.ts';

const oids = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  anyPurpose: '2.5.29.37.0',
} as const;

/** What may be critical for OpenSSL (X509_supported_extension); key identifiers are not among it. */
const understood = new Set([
  '2.16.840.1.113730.1.1',
  ...['15', '17', '19', '31', '32', '30', '36', '33', '37', '54'].map((last) => `2.5.29.${last}`),
  '1.3.6.1.5.5.7.1.7',
  '1.3.6.1.5.5.7.1.8',
  '1.3.6.1.5.5.7.1.14',
]);

/** A fault of a certificate that makes OpenSSL reject the chain, and how it is said. */
interface Rule {
  readonly cause: Cause;
  readonly find: (chain: Chain, evidence: Evidence) => readonly number[];
  /** After the role of the certificate. */
  readonly words: string;
  readonly request: string;
}

/** The surest first: the first that holds is the cause. */
const rules: readonly Rule[] = [
  {
    cause: 'malformed_certificate',
    find: (chain) => positionsWhere(chain, (one) => factsOf(one)?.isSignatureAlgorithmConsistent !== true),
    words: 'is malformed: what is signed names another signature algorithm than the signature has',
    request: 'Please issue it anew',
  },
  {
    cause: 'malformed_certificate',
    find: (chain) => positionsWhere(chain, hasExplicitCurve),
    words: 'has an EC key whose curve is written out in numbers, which RFC 5480 forbids',
    request: 'Please issue it anew with a named curve, P-256 say',
  },
  {
    cause: 'broken_signature',
    find: findBrokenSignature,
    words: 'has a signature that its issuer never made: it was altered, or damaged on the way',
    request: 'Please install the certificate anew',
  },
  {
    cause: 'weak_key',
    find: (chain) => positionsWhere(chain, hasWeakKey),
    words: 'has a key that is too weak for OpenSSL (RSA below 2048 bits, EC below 224)',
    request: 'Please issue it anew with RSA 2048 or EC P-256',
  },
  {
    cause: 'weak_signature',
    find: (chain) =>
      positionsWhere(
        chain,
        (one, position) => !isAnchor(chain, position) && /sha1|md5|md2/i.test(one.signatureAlgorithm ?? ''),
      ),
    words: 'is signed with SHA-1 or MD5, which can be forged',
    request: 'Please issue it anew, signed with SHA-256',
  },
  {
    cause: 'wrong_purpose',
    find: (chain) => positionsWhere(chain, isForOtherPurposes),
    words: 'is not for servers: its extendedKeyUsage has no serverAuth',
    request: 'Please issue it anew with extendedKeyUsage serverAuth',
  },
  {
    cause: 'issuer_is_no_ca',
    find: (chain) =>
      positionsWhere(chain, (one, position) => position > 0 && !isAnchor(chain, position) && !one.ca),
    words: 'signed another certificate and is no CA',
    request: 'Please have the certificate issued by a CA, whose basicConstraints say so',
  },
  {
    cause: 'path_length_exceeded',
    find: (chain) =>
      positionsWhere(chain, (one, position) => {
        const allowed = factsOf(one)?.basicConstraints?.pathLength;
        return position > 0 && allowed !== undefined && position - 1 > allowed;
      }),
    words: 'allows fewer intermediates below it than there are (pathLenConstraint)',
    request: 'Please issue the chain anew within that limit',
  },
  {
    cause: 'unknown_critical_extension',
    find: (chain) =>
      positionsWhere(chain, (one) =>
        [...(factsOf(one)?.extensions ?? [])].some(([oid, { critical }]) => critical && !understood.has(oid)),
      ),
    words: 'has a critical extension that OpenSSL does not know as one',
    request: 'Please issue it anew with that extension not critical, or without it',
  },
  {
    cause: 'name_constraint_violated',
    find: (chain, { presented: [leaf] }) =>
      positionsWhere(chain, (one, position) => position > 0 && leaf !== undefined && forbidsNames(one, leaf)),
    words: 'may not certify this name (nameConstraints)',
    request: 'Please have the certificate issued by a CA that may certify the name',
  },
  {
    // OpenSSL saw an issuer, else it would have said that there is none; Node does not show one that may not sign.
    cause: 'issuer_is_no_ca',
    find: ({ isAnchored, certificates }) => (isAnchored ? [] : [certificates.length - 1]),
    words:
      'was signed by a certificate that may not sign others: it is no CA, or its keyUsage does not say so',
    request: 'Please have the certificate issued by a CA, whose basicConstraints and keyUsage say so',
  },
];

/** Which fault it is that OpenSSL rejects a chain for, from the certificates alone. */
export function diagnoseRejected(evidence: Evidence): Finding | undefined {
  const chain = chainOf(evidence);
  if (chain === undefined) return undefined;
  for (const { cause, find, words, request } of rules) {
    const [position] = find(chain, evidence);
    if (position === undefined) continue;
    const fault = `${roleOf(chain, position)} ${words}`;
    return { cause, sentence: fault, remedy: [message(evidence.subject, fault, request)] };
  }
  return undefined;
}

function isAnchor({ isAnchored, certificates }: Chain, position: number): boolean {
  return isAnchored && position === certificates.length - 1;
}

/** The chain ends early at a certificate whose issuer is there by name, and did not sign it. */
function findBrokenSignature(chain: Chain, { policy, presented }: Evidence): number[] {
  const position = chain.certificates.length - 1;
  const top = chain.certificates[position];
  if (chain.isAnchored || top === undefined) return [];
  const others = [...(policy?.bundle?.certificates ?? []), ...presented];
  const isForged = others.some((one) => one !== top && top.checkIssued(one) && !top.verify(one.publicKey));
  return isForged ? [position] : [];
}

function hasWeakKey({ publicKey }: X509Certificate): boolean {
  const { modulusLength, namedCurve = '' } = publicKey.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return modulusLength < 2048;
  return /(?:112|128|160|163|192|193)[a-z]\d$/.test(namedCurve);
}

/** Node names a curve that it recognises in the numbers: the DER has them (RFC 5480 section 2.1.1). */
function hasExplicitCurve(certificate: X509Certificate): boolean {
  const facts = factsOf(certificate);
  if (certificate.publicKey.asymmetricKeyType !== 'ec' || facts === undefined) return false;
  const [algorithm] = readElements(readElement(facts.publicKey));
  return algorithm !== undefined && readElements(algorithm)[1]?.tag === 0x30;
}

/** Node calls extendedKeyUsage keyUsage. */
function isForOtherPurposes({ keyUsage }: X509Certificate): boolean {
  const purposes = keyUsage as readonly string[] | undefined;
  return purposes !== undefined && !purposes.includes(oids.serverAuth) && !purposes.includes(oids.anyPurpose);
}

import type { X509Certificate } from 'node:crypto';
import { factsOf, keyUsageBits, type CertificateFacts } from './certificate-facts.ts';

/**
 * What OpenSSL refuses under X509_V_FLAG_X509_STRICT, which Python sets from 3.13 on, and not without it
 * (check_extensions in crypto/x509/x509_vfy.c). All versions from 3.0 on together: 3.0 to 3.5 agree, 4.0
 * differs.
 */
export type StrictDefect =
  | 'missing_authority_key_identifier'
  | 'missing_subject_key_identifier'
  | 'missing_key_usage'
  | 'missing_basic_constraints'
  | 'basic_constraints_not_critical'
  | 'key_cert_sign_without_ca'
  | 'path_length_without_ca'
  | 'path_length_without_key_cert_sign'
  | 'empty_issuer'
  | 'empty_subject'
  | 'empty_subject_alt_name'
  | 'subject_alt_name_not_critical'
  | 'inconsistent_signature_algorithm'
  | 'authority_key_identifier_critical'
  | 'subject_key_identifier_critical'
  | 'authority_key_identifier_unpaired'
  | 'extensions_before_version_3'
  | 'not_der';

/** A defect, and which certificate of the chain has it: 0 is the leaf. */
export interface FoundDefect {
  readonly defect: StrictDefect;
  readonly position: number;
}

/**
 * What strict clients refuse about a chain. Of a chain that is one certificate long, its own anchor, they look at
 * nothing but whether it is half a CA.
 *
 * @param chain the leaf first, the anchor last
 */
export function findStrictDefects(chain: readonly X509Certificate[]): FoundDefect[] {
  return chain.flatMap((certificate, position) => {
    const facts = factsOf(certificate);
    const found =
      facts === undefined
        ? (['not_der'] as const)
        : defectsOf(facts, {
            isLeaf: position === 0,
            isLast: position === chain.length - 1,
            isAlone: chain.length === 1,
            // EXFLAG_SS goes by the name and the key identifier: the signature of a root is not looked at.
            isSelfIssued: () => certificate.checkIssued(certificate),
          });
    return found.map((defect) => ({ defect, position }));
  });
}

interface Place {
  readonly isLeaf: boolean;
  readonly isLast: boolean;
  readonly isAlone: boolean;
  readonly isSelfIssued: () => boolean;
}

function defectsOf(facts: CertificateFacts, place: Place): StrictDefect[] {
  const { basicConstraints, keyUsage, version } = facts;
  const isCa = basicConstraints?.ca === true;
  const hasCertSign = keyUsage?.has(keyUsageBits.keyCertSign) === true;
  // X509_check_ca: 3 for a self-signed version 1, 4 for a keyCertSign without basicConstraints, 5 for Netscape's word.
  const isHalfCa =
    basicConstraints === undefined &&
    (hasCertSign ||
      (keyUsage === undefined && (facts.isNetscapeCa || (version === 1 && place.isSelfIssued()))));
  const defects: StrictDefect[] = isHalfCa ? ['missing_basic_constraints'] : [];
  if (place.isAlone) return defects;
  const check = (fails: boolean, defect: StrictDefect) => {
    if (fails) defects.push(defect);
  };
  if (basicConstraints?.pathLength !== undefined) {
    check(!isCa, 'path_length_without_ca');
    check(isCa && keyUsage !== undefined && !hasCertSign, 'path_length_without_key_cert_sign');
  }
  check(isCa && !basicConstraints.critical, 'basic_constraints_not_critical');
  check(isCa && keyUsage === undefined, 'missing_key_usage');
  check(!isCa && hasCertSign, 'key_cert_sign_without_ca');
  defects.push(...nameDefects(facts, isCa), ...identifierDefects(facts, isCa, place));
  check(!facts.isSignatureAlgorithmConsistent, 'inconsistent_signature_algorithm');
  return defects;
}

function nameDefects(facts: CertificateFacts, isCa: boolean): StrictDefect[] {
  const { subjectAltName, isSubjectEmpty, keyUsage } = facts;
  const needsSubject = isCa || keyUsage?.has(keyUsageBits.cRLSign) === true || subjectAltName === undefined;
  const defects: StrictDefect[] = [];
  if (facts.isIssuerEmpty) defects.push('empty_issuer');
  if (isSubjectEmpty && needsSubject) defects.push('empty_subject');
  if (isSubjectEmpty && subjectAltName?.critical === false) defects.push('subject_alt_name_not_critical');
  if (subjectAltName?.names === 0) defects.push('empty_subject_alt_name');
  return defects;
}

function identifierDefects(facts: CertificateFacts, isCa: boolean, { isLast }: Place): StrictDefect[] {
  const { authorityKeyIdentifier: authority, subjectKeyIdentifier: subject, version } = facts;
  if (version < 3) return facts.extensions.size > 0 ? ['extensions_before_version_3'] : [];
  const defects: StrictDefect[] = [];
  if (authority?.critical === true) defects.push('authority_key_identifier_critical');
  if (subject?.critical === true) defects.push('subject_key_identifier_critical');
  if (!isLast && authority?.id === undefined) defects.push('missing_authority_key_identifier');
  if (authority !== undefined && authority.hasIssuer !== authority.hasSerial)
    defects.push('authority_key_identifier_unpaired');
  if (isCa && subject === undefined) defects.push('missing_subject_key_identifier');
  return defects;
}

import type { FoundDefect, StrictDefect } from '../trust/strict-defects.ts';

interface DefectWords {
  /** What strict clients print: OpenSSL's words, as Python shows them. */
  readonly error: string;
  /** What is wrong, after "the certificate of …". */
  readonly words: string;
}

const rows = {
  missing_authority_key_identifier: {
    error: 'Missing Authority Key Identifier',
    words: 'has no Authority Key Identifier that names a key',
  },
  missing_subject_key_identifier: {
    error: 'Missing Subject Key Identifier',
    words: 'is a CA without a Subject Key Identifier',
  },
  missing_key_usage: {
    error: 'CA cert does not include key usage extension',
    words: 'is a CA without keyUsage',
  },
  missing_basic_constraints: {
    error: 'invalid CA certificate',
    words: 'acts as a CA without basicConstraints',
  },
  basic_constraints_not_critical: {
    error: 'Basic Constraints of CA cert not marked critical',
    words: 'is a CA whose basicConstraints are not critical',
  },
  key_cert_sign_without_ca: {
    error: 'Key usage keyCertSign invalid for non-CA cert',
    words: 'may sign certificates (keyCertSign) and is no CA',
  },
  path_length_without_ca: {
    error: 'Path length invalid for non-CA cert',
    words: 'has a path length and is no CA',
  },
  path_length_without_key_cert_sign: {
    error: 'Path length given without key usage keyCertSign',
    words: 'has a path length and no keyCertSign',
  },
  empty_issuer: { error: 'Issuer name empty', words: 'has an empty issuer' },
  empty_subject: { error: 'Subject name empty', words: 'has an empty subject' },
  empty_subject_alt_name: {
    error: 'Empty Subject Alternative Name extension',
    words: 'has an empty list of alternative names',
  },
  subject_alt_name_not_critical: {
    error: 'Subject empty and Subject Alt Name extension not critical',
    words: 'has an empty subject and alternative names that are not critical',
  },
  inconsistent_signature_algorithm: {
    error: 'cert info signature and signature algorithm mismatch',
    words: 'names two different signature algorithms',
  },
  authority_key_identifier_critical: {
    error: 'Authority Key Identifier marked critical',
    words: 'has an Authority Key Identifier that is critical',
  },
  subject_key_identifier_critical: {
    error: 'Subject Key Identifier marked critical',
    words: 'has a Subject Key Identifier that is critical',
  },
  authority_key_identifier_unpaired: {
    error: 'invalid or inconsistent certificate extension',
    words: 'has an Authority Key Identifier with a serial number or an issuer, but not both',
  },
  extensions_before_version_3: {
    error: 'Using cert extensions requires at least X509v3',
    words: 'has extensions and is not of version 3',
  },
  not_der: {
    error: 'invalid or inconsistent certificate extension',
    words: 'is not written in DER',
  },
} as const satisfies Record<StrictDefect, DefectWords>;

export const defectWords: Readonly<Record<StrictDefect, DefectWords>> = rows;

/** Whether no strict client refuses it before OpenSSL 4.0, which Python 3.13 does not come with. */
export function isOfOpenssl4({ defect }: FoundDefect): boolean {
  return defect === 'authority_key_identifier_unpaired';
}

/** Who refuses it. */
export function strictClient(found: FoundDefect): string {
  return isOfOpenssl4(found) ? 'Python with OpenSSL 4.0 or later' : 'Python 3.13';
}

import { basicConstraints, keyUsage } from '../../src/ca/extensions.ts';
import { alterLeaf, alterRoot } from '../alter.ts';
import { createCa, type CaOptions } from '../create-ca.ts';
import type { LeafOptions } from '../issue-leaf.ts';
import { altNameNotCritical, emptyAltName, netscapeCa, pathLengthWithoutCa } from '../odd-extensions.ts';
import { host, presenting, situations, type Setup, type SituationDraft } from '../situation.ts';

const root = createCa();

const strictOnly =
  'Only clients that set X509_V_FLAG_X509_STRICT look at it, as CPython does from 3.13 on; no CA setting of theirs cures it.';

const ofUsage = 'A CA says that it may sign certificates (RFC 5280, 4.2.1.3).';
const ofConstraints = 'In a CA they must be critical (RFC 5280, 4.2.1.9).';
const dropped = ' OpenSSL 4.0 lets it be.';

/** What else strict clients find fault with, in CAs, subjects and leaves. */
export const constraints = situations([
  strict('key-usage-missing-root', 'a root without keyUsage', ofUsage, () => byRoot({ keyUsage: false })),
  strict('key-usage-missing-intermediate', 'an intermediate without keyUsage', ofUsage, () =>
    byIntermediate({ keyUsage: false }),
  ),
  strict(
    'basic-constraints-not-critical-root',
    'a root whose basicConstraints are not critical',
    ofConstraints,
    () => byRoot({ basicConstraints: 'not critical' }),
    dropped,
  ),
  strict(
    'basic-constraints-not-critical-intermediate',
    'an intermediate whose basicConstraints are not critical',
    ofConstraints,
    () => byIntermediate({ basicConstraints: 'not critical' }),
    dropped,
  ),
  strict(
    'basic-constraints-missing-root',
    'a root of version 3 without basicConstraints',
    'Nothing says that it is a CA but that it stands in the bundle (RFC 5280, 4.2.1.9).',
    () => byRoot({ basicConstraints: false }),
    ' Go refuses it, too.',
  ),
  strict(
    'netscape-root',
    "a root that says so in Netscape's words alone",
    'nsCertType is none of the extensions of RFC 5280.',
    () => byRoot({ basicConstraints: false, keyUsage: false, extraExtensions: [netscapeCa()] }),
  ),
  {
    id: 'basic-constraints-missing-intermediate',
    title: 'an intermediate without basicConstraints',
    expected: 'tls_cert_rejected',
    because: 'Nothing says that it is a CA.',
    setUp: () => byIntermediate({ basicConstraints: false }),
  },
  strict(
    'version-1-root',
    'a root of version 1',
    'Version 1 has no extensions, so nothing says that it is a CA; the oldest corporate roots are so.',
    () => byRoot({ version: 1 }),
  ),
  strict(
    'issuer-empty',
    'a CA whose name is empty',
    'An issuer has a name (RFC 5280, 4.1.2.4).',
    () => byRoot({ name: null }),
    ' curl refuses it, too.',
  ),
  strict(
    'subject-empty-names-not-critical',
    'an empty subject, with alternative names that are not critical',
    'Where the subject is empty the alternative names must be critical (RFC 5280, 4.2.1.6).',
    () => byLeaf({ commonName: null, subjectAltName: false, extraExtensions: [altNameNotCritical(host)] }),
    dropped,
  ),
  strict(
    'alternative-names-empty',
    'an empty list of alternative names, beside the right common name',
    'At least one name must be in the list (RFC 5280, 4.2.1.6).',
    () => byLeaf({ subjectAltName: false, extraExtensions: [emptyAltName()] }),
    ' Go has no use for the common name.',
  ),
  strict(
    'key-cert-sign-leaf',
    'a leaf that may sign certificates and is no CA',
    'keyCertSign is for CAs (RFC 5280, 4.2.1.3).',
    () => byLeaf({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
  ),
  strict(
    'path-length-leaf',
    'a leaf with a path length, which only a CA can have',
    'pathLenConstraint is for CAs (RFC 5280, 4.2.1.9).',
    () => byLeaf({ basicConstraints: false, extraExtensions: [pathLengthWithoutCa()] }),
  ),
  strict(
    'half-ca-leaf',
    'a leaf that is a CA with a path length and may sign no certificates',
    'pathLenConstraint goes with keyCertSign (RFC 5280, 4.2.1.9).',
    () => byLeaf({ basicConstraints: false, extraExtensions: [basicConstraints(true, 0, true)] }),
  ),
  strict(
    'key-cert-sign-leaf-without-constraints',
    'a leaf that may sign certificates, without basicConstraints',
    'keyCertSign is for CAs, and nothing says that it is one (RFC 5280, 4.2.1.3).',
    () =>
      byLeaf({
        basicConstraints: false,
        keyUsage: false,
        extraExtensions: [keyUsage(['keyCertSign', 'digitalSignature'])],
      }),
  ),
  {
    id: 'ca-leaf',
    title: 'the certificate of a CA, presented as a leaf',
    expected: 'accepted',
    because: 'Unwise, but no rule of RFC 5280 forbids it.',
    setUp: () =>
      byLeaf({
        basicConstraints: false,
        keyUsage: ['digitalSignature', 'keyCertSign'],
        extraExtensions: [basicConstraints(true, undefined, true)],
      }),
  },
  strict(
    'version-1-with-extensions',
    'a leaf of version 1 that has extensions',
    'Extensions came with version 3 (RFC 5280, 4.1.2.9).',
    () => presenting(alterLeaf(root.issue(host), root, { dropVersion: true }), root),
    ' Go refuses it, too.',
  ),
  strict(
    'root-algorithms-inconsistent',
    'a root that names two signature algorithms',
    'What is signed has to name the algorithm of the signature (RFC 5280, 4.1.1.2).',
    () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      return presenting(rsa.issue(host), alterRoot(rsa, { statesSha1: true }));
    },
    ' Go refuses it, too.',
  ),
  {
    id: 'leaf-algorithms-inconsistent',
    title: 'a leaf that names two signature algorithms',
    expected: 'tls_cert_rejected',
    because: 'RFC 5280, 4.1.1.2; its signature does not count for any client.',
    setUp: () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      return presenting(alterLeaf(rsa.issue(host), rsa, { statesSha1: true }), rsa);
    },
  },
]);

function strict(
  id: string,
  title: string,
  because: string,
  setUp: () => Setup,
  butAlso = '',
): SituationDraft {
  const differs = strictOnly + butAlso;
  return { id, title, expected: 'accepted', strict: 'tls_cert_strict', because, differs, setUp };
}

function byRoot(options: CaOptions): Setup {
  const other = createCa(options);
  return presenting(other.issue(host), other);
}

function byIntermediate(options: CaOptions): Setup {
  return presenting(root.intermediate(options).issue(host), root);
}

function byLeaf(options: LeafOptions): Setup {
  return presenting(root.issue(host, options), root);
}

import { basicConstraints, keyUsage } from '../../src/ca/extensions.ts';
import { alterLeaf } from '../alter.ts';
import { createCa } from '../create-ca.ts';
import type { LeafOptions } from '../issue-leaf.ts';
import { altNameNotCritical, emptyAltName, pathLengthWithoutCa } from '../odd-extensions.ts';
import { host, presenting, refusedByStrict, situations, type Setup } from '../situation.ts';

const root = createCa();

/** What strict clients find fault with in leaves. */
export const leaves = situations([
  refusedByStrict(
    'subject-empty-names-not-critical',
    'an empty subject, with alternative names that are not critical',
    'Where the subject is empty the alternative names must be critical (RFC 5280, 4.2.1.6).',
    () => byLeaf({ commonName: null, subjectAltName: false, extraExtensions: [altNameNotCritical(host)] }),
    ' OpenSSL 4.0 lets it be.',
  ),
  refusedByStrict(
    'alternative-names-empty',
    'an empty list of alternative names, beside the right common name',
    'At least one name must be in the list (RFC 5280, 4.2.1.6).',
    () => byLeaf({ subjectAltName: false, extraExtensions: [emptyAltName()] }),
    ' Go has no use for the common name.',
  ),
  refusedByStrict(
    'key-cert-sign-leaf',
    'a leaf that may sign certificates and is no CA',
    'keyCertSign is for CAs (RFC 5280, 4.2.1.3).',
    () => byLeaf({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
  ),
  refusedByStrict(
    'path-length-leaf',
    'a leaf with a path length, which only a CA can have',
    'pathLenConstraint is for CAs (RFC 5280, 4.2.1.9).',
    () => byLeaf({ basicConstraints: false, extraExtensions: [pathLengthWithoutCa()] }),
  ),
  refusedByStrict(
    'half-ca-leaf',
    'a leaf that is a CA with a path length and may sign no certificates',
    'pathLenConstraint goes with keyCertSign (RFC 5280, 4.2.1.9).',
    () => byLeaf({ basicConstraints: false, extraExtensions: [basicConstraints(true, 0, true)] }),
  ),
  refusedByStrict(
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
  refusedByStrict(
    'version-1-with-extensions',
    'a leaf of version 1 that has extensions',
    'Extensions came with version 3 (RFC 5280, 4.1.2.9).',
    () => presenting(alterLeaf(root.issue(host), root, { dropVersion: true }), root),
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

function byLeaf(options: LeafOptions): Setup {
  return presenting(root.issue(host, options), root);
}

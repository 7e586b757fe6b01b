import { createCa, type CaOptions } from '../create-ca.ts';
import type { LeafOptions } from '../issue-leaf.ts';
import { authorityIdentifierOf, criticalSubjectIdentifier, type AuthorityParts } from '../odd-extensions.ts';
import { host, presenting, refusedByStrict, situations, type Setup } from '../situation.ts';

const root = createCa();

const everywhereButInRoots =
  'RFC 5280, 4.2.1.1 wants the identifier of the key in every certificate but the root.';
const inEveryCa = 'RFC 5280, 4.2.1.2 wants it in every CA.';
const notUnderstood =
  'It must not be critical (RFC 5280, 4.2.1), and clients take it for one that they do not understand.';
const unpaired = {
  expected: 'accepted',
  strict: 'tls_cert_strict',
  because: 'Either both are there or none (RFC 5280, 4.2.1.1).',
  differs:
    'Only OpenSSL 4.0 with X509_V_FLAG_X509_STRICT looks at it, and `strict` with it; 3.0 to 3.5 do not.',
} as const;

/** Authority and Subject Key Identifiers: what makes Python 3.13 fail where all else works. */
export const identifiers = situations([
  refusedByStrict(
    'aki-missing-leaf',
    'a leaf without an Authority Key Identifier',
    `${everywhereButInRoots} Corporate CAs and appliances leave it out.`,
    () => byLeaf({ authorityKeyIdentifier: false }),
  ),
  refusedByStrict(
    'aki-missing-leaf-below-intermediate',
    'such a leaf below an intermediate',
    everywhereButInRoots,
    () => presenting(root.intermediate().issue(host, { authorityKeyIdentifier: false }), root),
  ),
  refusedByStrict(
    'aki-missing-intermediate',
    'an intermediate without an Authority Key Identifier',
    everywhereButInRoots,
    () => byIntermediate({ authorityKeyIdentifier: false }),
  ),
  {
    id: 'aki-missing-anchor-intermediate',
    title: 'such an intermediate, as the anchor',
    expected: 'accepted',
    because: 'The last certificate of a chain needs no Authority Key Identifier.',
    differs:
      'Node by itself wants a self-signed root in the bundle: it does not set X509_V_FLAG_PARTIAL_CHAIN, the others do.',
    setUp: () => {
      const intermediate = root.intermediate({ authorityKeyIdentifier: false });
      return presenting(intermediate.issue(host), intermediate);
    },
  },
  refusedByStrict(
    'aki-empty',
    'an Authority Key Identifier with nothing in it',
    'It names no key, which is as if it were missing.',
    () => byLeaf({ authorityKeyIdentifier: 'empty' }),
  ),
  refusedByStrict(
    'aki-issuer-and-serial-only',
    'an Authority Key Identifier of issuer and serial number, without the key',
    everywhereButInRoots,
    () => naming({ issuer: true, serial: true }),
    ' OpenSSL 4.0 lets it be.',
  ),
  {
    id: 'aki-issuer-and-serial-too',
    title: 'an Authority Key Identifier of key, issuer and serial number',
    expected: 'accepted',
    because: 'All three may be there (RFC 5280, 4.2.1.1).',
    setUp: () => naming({ keyId: true, issuer: true, serial: true }),
  },
  {
    id: 'aki-serial-without-issuer',
    title: 'an Authority Key Identifier of key and serial number, without the issuer',
    ...unpaired,
    setUp: () => naming({ keyId: true, serial: true }),
  },
  {
    id: 'aki-issuer-without-serial',
    title: 'an Authority Key Identifier of key and issuer, without the serial number',
    ...unpaired,
    setUp: () => naming({ keyId: true, issuer: true }),
  },
  {
    id: 'aki-critical',
    title: 'an Authority Key Identifier that is critical',
    expected: 'tls_cert_rejected',
    because: notUnderstood,
    setUp: () => naming({ keyId: true, critical: true }),
  },
  refusedByStrict('ski-missing-root', 'a root without a Subject Key Identifier', inEveryCa, () => {
    const other = createCa({ subjectKeyIdentifier: false });
    return presenting(other.issue(host), other);
  }),
  refusedByStrict(
    'ski-missing-intermediate',
    'an intermediate without a Subject Key Identifier',
    inEveryCa,
    () => byIntermediate({ subjectKeyIdentifier: false }),
  ),
  {
    id: 'ski-missing-leaf',
    title: 'a leaf without a Subject Key Identifier',
    expected: 'accepted',
    because: 'RFC 5280, 4.2.1.2 recommends it, and no more.',
    setUp: () => byLeaf({ subjectKeyIdentifier: false }),
  },
  {
    id: 'ski-critical',
    title: 'a Subject Key Identifier that is critical',
    expected: 'tls_cert_rejected',
    because: notUnderstood,
    setUp: () => byLeaf({ subjectKeyIdentifier: false, extraExtensions: [criticalSubjectIdentifier()] }),
  },
]);

function naming(parts: AuthorityParts): Setup {
  return byLeaf({ authorityKeyIdentifier: false, extraExtensions: [authorityIdentifierOf(root, parts)] });
}

function byLeaf(options: LeafOptions): Setup {
  return presenting(root.issue(host, options), root);
}

function byIntermediate(options: CaOptions): Setup {
  return presenting(root.intermediate(options).issue(host), root);
}

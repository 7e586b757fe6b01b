import { createCa, type CaOptions } from '../create-ca.ts';
import type { LeafOptions } from '../issue-leaf.ts';
import { authorityIdentifierOf, criticalSubjectIdentifier, type AuthorityParts } from '../odd-extensions.ts';
import { host, presenting, situations, type SituationDraft } from '../situation.ts';

const root = createCa();

const strictOnly =
  'Only clients that set X509_V_FLAG_X509_STRICT look at it, as CPython does from 3.13 on; no CA setting of theirs cures it.';

const refusedByStrict = { expected: 'accepted', strict: 'tls_cert_strict', differs: strictOnly } as const;

const unpaired = {
  expected: 'accepted',
  strict: 'tls_cert_strict',
  because: 'Either both are there or none (RFC 5280, 4.2.1.1).',
  differs:
    'Only OpenSSL 4.0 with X509_V_FLAG_X509_STRICT looks at it, and `strict` with it; 3.0 to 3.5 do not.',
} as const;

const notUnderstood =
  'It must not be critical (RFC 5280, 4.2.1), and clients take it for one that they do not understand.';

/** Authority and Subject Key Identifiers: what makes Python 3.13 fail where all else works. */
export const identifiers = situations([
  {
    id: 'aki-missing-leaf',
    title: 'a leaf without an Authority Key Identifier',
    ...refusedByStrict,
    because: 'RFC 5280, 4.2.1.1 wants it; corporate CAs and appliances leave it out.',
    setUp: () => presenting(root.issue(host, { authorityKeyIdentifier: false }), root),
  },
  {
    id: 'aki-missing-leaf-below-intermediate',
    title: 'such a leaf below an intermediate',
    ...refusedByStrict,
    because: 'RFC 5280, 4.2.1.1 wants it in every certificate but the root.',
    setUp: () => presenting(root.intermediate().issue(host, { authorityKeyIdentifier: false }), root),
  },
  {
    id: 'aki-missing-intermediate',
    title: 'an intermediate without an Authority Key Identifier',
    ...refusedByStrict,
    because: 'RFC 5280, 4.2.1.1 wants it in every certificate but the root.',
    setUp: () => presenting(root.intermediate({ authorityKeyIdentifier: false }).issue(host), root),
  },
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
  {
    id: 'aki-empty',
    title: 'an Authority Key Identifier with nothing in it',
    ...refusedByStrict,
    because: 'It names no key, which is as if it were missing.',
    setUp: () => presenting(root.issue(host, { authorityKeyIdentifier: 'empty' }), root),
  },
  odd(
    'aki-issuer-and-serial-only',
    'an Authority Key Identifier of issuer and serial number, without the key',
    { issuer: true, serial: true },
    {
      ...refusedByStrict,
      because: 'RFC 5280, 4.2.1.1 wants the key identifier in every certificate but the root.',
      differs: `${strictOnly} OpenSSL 4.0 lets it be.`,
    },
  ),
  odd(
    'aki-issuer-and-serial-too',
    'an Authority Key Identifier of key, issuer and serial number',
    { keyId: true, issuer: true, serial: true },
    { expected: 'accepted', because: 'All three may be there (RFC 5280, 4.2.1.1).' },
  ),
  odd(
    'aki-serial-without-issuer',
    'an Authority Key Identifier of key and serial number, without the issuer',
    { keyId: true, serial: true },
    unpaired,
  ),
  odd(
    'aki-issuer-without-serial',
    'an Authority Key Identifier of key and issuer, without the serial number',
    { keyId: true, issuer: true },
    unpaired,
  ),
  odd(
    'aki-critical',
    'an Authority Key Identifier that is critical',
    { keyId: true, critical: true },
    { expected: 'tls_cert_rejected', because: notUnderstood },
  ),
  {
    id: 'ski-missing-root',
    title: 'a root without a Subject Key Identifier',
    ...refusedByStrict,
    because: 'RFC 5280, 4.2.1.2 wants it in every CA.',
    setUp: () => ofRoot({ subjectKeyIdentifier: false }),
  },
  {
    id: 'ski-missing-intermediate',
    title: 'an intermediate without a Subject Key Identifier',
    ...refusedByStrict,
    because: 'RFC 5280, 4.2.1.2 wants it in every CA.',
    setUp: () => presenting(root.intermediate({ subjectKeyIdentifier: false }).issue(host), root),
  },
  {
    id: 'ski-missing-leaf',
    title: 'a leaf without a Subject Key Identifier',
    expected: 'accepted',
    because: 'RFC 5280, 4.2.1.2 recommends it, and no more.',
    setUp: () => presenting(root.issue(host, { subjectKeyIdentifier: false }), root),
  },
  {
    id: 'ski-critical',
    title: 'a Subject Key Identifier that is critical',
    expected: 'tls_cert_rejected',
    because: notUnderstood,
    setUp: () =>
      presenting(
        ofLeaf({ subjectKeyIdentifier: false, extraExtensions: [criticalSubjectIdentifier()] }),
        root,
      ),
  },
]);

function odd(
  id: string,
  title: string,
  parts: AuthorityParts,
  verdict: Pick<SituationDraft, 'expected' | 'strict' | 'because' | 'differs'>,
): SituationDraft {
  return {
    id,
    title,
    ...verdict,
    setUp: () =>
      presenting(
        ofLeaf({ authorityKeyIdentifier: false, extraExtensions: [authorityIdentifierOf(root, parts)] }),
        root,
      ),
  };
}

function ofLeaf(options: LeafOptions) {
  return root.issue(host, options);
}

function ofRoot(options: CaOptions) {
  const other = createCa(options);
  return presenting(other.issue(host), other);
}

import { createCa } from '../create-ca.ts';
import { selfSigned } from '../issue-leaf.ts';
import { unknownExtension } from '../odd-extensions.ts';
import { host, presenting, situations, withoutChain } from '../situation.ts';

const root = createCa();

/** Chains that lead nowhere, to nobody who is believed, or where they must not. */
export const chains = situations([
  {
    id: 'intermediate-missing',
    title: 'a server that does not send its intermediate',
    expected: 'tls_cert_issuer_unknown',
    because:
      'The most frequent fault of servers; browsers hide it, for they fetch or remember intermediates.',
    setUp: () => presenting(withoutChain(root.intermediate().issue(host)), root),
  },
  {
    id: 'intermediate-wrong',
    title: 'a server that sends another intermediate than its own',
    expected: 'tls_cert_issuer_unknown',
    because: 'Nothing links the leaf to what was sent.',
    setUp: () => {
      const leaf = root.intermediate().issue(host);
      return presenting({ ...leaf, chain: leaf.certificate + root.intermediate().pem }, root);
    },
  },
  {
    id: 'root-unknown',
    title: 'a root that is not in the bundle',
    expected: 'tls_cert_issuer_unknown',
    because: 'Nobody in the bundle vouches for it.',
    setUp: () => presenting(createCa().intermediate().issue(host), root),
  },
  {
    id: 'root-unknown-presented',
    title: 'a root that is not in the bundle, sent along',
    expected: 'tls_cert_issuer_unknown',
    because: 'What is presented is not believed for that.',
    setUp: () => {
      const other = createCa();
      const leaf = other.issue(host);
      return presenting({ ...leaf, chain: leaf.chain + other.pem }, root);
    },
  },
  {
    id: 'root-of-the-same-name',
    title: 'a bundle with a root of the right name and another key',
    expected: 'tls_cert_issuer_unknown',
    because: 'The key identifiers tell the two apart: a bundle from before the CA was made anew.',
    setUp: () => presenting(createCa({ name: 'corp ca' }).issue(host), createCa({ name: 'corp ca' })),
  },
  {
    id: 'self-signed',
    title: 'a self-signed certificate',
    expected: 'tls_cert_self_signed',
    because: 'Only its own key vouches for it.',
    setUp: () => presenting(selfSigned(host), root),
  },
  {
    id: 'issuer-is-no-ca',
    title: 'a leaf that was signed by another leaf',
    expected: 'tls_cert_rejected',
    because: 'Whoever has a certificate for one name must not make one for another.',
    setUp: () => presenting(root.intermediate({ ca: false }).issue(host), root),
  },
  {
    id: 'path-length-exceeded',
    title: 'an intermediate below one that allows none',
    expected: 'tls_cert_rejected',
    because: 'pathLenConstraint is 0 (RFC 5280, 4.2.1.9).',
    setUp: () => presenting(root.intermediate({ pathLength: 0 }).intermediate().issue(host), root),
  },
  {
    id: 'name-not-permitted',
    title: 'a name outside of what its intermediate may certify',
    expected: 'tls_cert_rejected',
    because: 'permittedSubtrees is corp.test (RFC 5280, 4.2.1.10).',
    setUp: () => presenting(root.intermediate({ permittedNames: ['corp.test'] }).issue(host), root),
  },
  {
    id: 'name-excluded',
    title: 'a name that its root excludes',
    expected: 'tls_cert_rejected',
    because: 'excludedSubtrees holds the name (RFC 5280, 4.2.1.10), and a root of the bundle is bound by it.',
    setUp: () => {
      const limited = createCa({ excludedNames: [host] });
      return presenting(limited.issue(host), limited);
    },
  },
  {
    id: 'client-purpose',
    title: 'a certificate for clients only',
    expected: 'tls_cert_rejected',
    because: 'extendedKeyUsage is clientAuth without serverAuth.',
    setUp: () => presenting(root.issue(host, { extendedKeyUsage: ['clientAuth'] }), root),
  },
  {
    id: 'client-purpose-intermediate',
    title: 'an intermediate for clients only',
    expected: 'tls_cert_rejected',
    because: 'extendedKeyUsage of an intermediate limits all that is below.',
    setUp: () => presenting(root.intermediate({ extendedKeyUsage: ['clientAuth'] }).issue(host), root),
  },
  {
    id: 'critical-extension-unknown',
    title: 'an extension that nobody knows and that is critical',
    expected: 'tls_cert_rejected',
    because: 'RFC 5280, 4.2: what is critical and not understood ends it.',
    setUp: () => presenting(root.issue(host, { extraExtensions: [unknownExtension(true)] }), root),
  },
  {
    id: 'extension-twice',
    title: 'an extension that is there twice',
    expected: 'accepted',
    because: 'RFC 5280, 4.2 forbids it, and no OpenSSL from 3.0 to 4.0 looks at it.',
    differs: 'Go alone refuses it.',
    setUp: () => {
      const extraExtensions = [unknownExtension(false), unknownExtension(false)];
      return presenting(root.issue(host, { extraExtensions }), root);
    },
  },
]);

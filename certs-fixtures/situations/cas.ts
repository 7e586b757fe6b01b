import { alterRoot } from '../alter.ts';
import { createCa, type CaOptions } from '../create-ca.ts';
import { netscapeCa } from '../odd-extensions.ts';
import { host, presenting, refusedByStrict, situations, type Setup } from '../situation.ts';

const root = createCa();
const ofUsage = 'A CA says that it may sign certificates (RFC 5280, 4.2.1.3).';
const ofConstraints = 'In a CA they must be critical (RFC 5280, 4.2.1.9).';
const dropped = ' OpenSSL 4.0 lets it be.';

/** What strict clients find fault with in CAs. */
export const cas = situations([
  refusedByStrict('key-usage-missing-root', 'a root without keyUsage', ofUsage, () =>
    byRoot({ keyUsage: false }),
  ),
  refusedByStrict('key-usage-missing-intermediate', 'an intermediate without keyUsage', ofUsage, () =>
    byIntermediate({ keyUsage: false }),
  ),
  refusedByStrict(
    'basic-constraints-not-critical-root',
    'a root whose basicConstraints are not critical',
    ofConstraints,
    () => byRoot({ basicConstraints: 'not critical' }),
    dropped,
  ),
  refusedByStrict(
    'basic-constraints-not-critical-intermediate',
    'an intermediate whose basicConstraints are not critical',
    ofConstraints,
    () => byIntermediate({ basicConstraints: 'not critical' }),
    dropped,
  ),
  refusedByStrict(
    'basic-constraints-missing-root',
    'a root of version 3 without basicConstraints',
    'Nothing says that it is a CA but that it stands in the bundle (RFC 5280, 4.2.1.9).',
    () => byRoot({ basicConstraints: false }),
    ' Go refuses it, too.',
  ),
  refusedByStrict(
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
  refusedByStrict(
    'version-1-root',
    'a root of version 1',
    'Version 1 has no extensions, so nothing says that it is a CA; the oldest corporate roots are so.',
    () => byRoot({ version: 1 }),
  ),
  refusedByStrict(
    'issuer-empty',
    'a CA whose name is empty',
    'An issuer has a name (RFC 5280, 4.1.2.4).',
    () => byRoot({ name: null }),
    ' curl refuses it, too.',
  ),
  refusedByStrict(
    'root-algorithms-inconsistent',
    'a root that names two signature algorithms',
    'What is signed has to name the algorithm of the signature (RFC 5280, 4.1.1.2).',
    () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      return presenting(rsa.issue(host), alterRoot(rsa, { statesSha1: true }));
    },
    ' Go refuses it, too.',
  ),
]);

function byRoot(options: CaOptions): Setup {
  const other = createCa(options);
  return presenting(other.issue(host), other);
}

function byIntermediate(options: CaOptions): Setup {
  return presenting(root.intermediate(options).issue(host), root);
}

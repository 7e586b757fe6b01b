import { createCa } from '../create-ca.ts';
import {
  host,
  inDays,
  presenting,
  situations,
  withoutChain,
  type SituationDraft,
  type Verdict,
} from '../situation.ts';

const root = createCa();
const old = createCa({ notAfter: inDays(-1) });
const crossed = createCa();

const nodeWantsARoot =
  'Node by itself wants a self-signed root in the bundle: it does not set X509_V_FLAG_PARTIAL_CHAIN, the others do.';

/** Odd ways by which a chain reaches the bundle. */
export const anchors = situations([
  {
    id: 'anchor-intermediate',
    title: 'a bundle that holds nothing but the intermediate',
    expected: 'accepted',
    because: 'Every certificate of the bundle is an anchor.',
    differs: nodeWantsARoot,
    setUp: () => {
      const intermediate = root.intermediate();
      return presenting(withoutChain(intermediate.issue(host)), intermediate);
    },
  },
  {
    id: 'anchor-leaf',
    title: 'a bundle that holds nothing but the leaf',
    expected: 'accepted',
    because: 'Every certificate of the bundle is an anchor, a leaf too.',
    differs: nodeWantsARoot,
    setUp: () => {
      const leaf = root.issue(host);
      return presenting(leaf, leaf.certificate);
    },
  },
  {
    id: 'anchor-below-name-constraints',
    title: 'a bundle with an intermediate beside its root, which does not permit the name',
    expected: 'accepted',
    because: 'The chain ends at the first anchor, and nobody asks the root; `check` warns of such bundles.',
    differs: 'Node by itself goes on to the root, and its constraints.',
    setUp: () => {
      const limited = createCa({ permittedNames: ['corp.test'] });
      const intermediate = limited.intermediate();
      return presenting(intermediate.issue(host), limited.pem + intermediate.pem);
    },
  },
  {
    id: 'cross-signed',
    title: 'a root that is not in the bundle, cross-signed by one that is',
    expected: 'accepted',
    because: 'The cross-sign leads to a root that is believed.',
    setUp: () => {
      const cross = root.intermediate({ sameKeyAs: crossed });
      return presenting(cross.issue(host), root);
    },
  },
  {
    id: 'cross-signed-by-an-expired-root',
    title: 'a cross-sign by a root that has expired, while the newer root is in the bundle',
    expected: 'accepted',
    because: 'Anchors are asked before what was presented: the chain ends at the newer root.',
    setUp: () => {
      const cross = old.intermediate({ sameKeyAs: crossed });
      return presenting(cross.issue(host), crossed.pem + old.pem);
    },
  },
  {
    id: 'old-root-expired-newer-cross-sign',
    title: 'a bundle with an expired root, and a good cross-sign of its key that the server sends',
    expected: 'tls_cert_expired',
    because: 'Anchors go before what was presented: the expired root has to leave the bundle.',
    differs: 'Go tries all ways and takes the one over the cross-sign; OpenSSL ends at the first anchor.',
    setUp: () => {
      const cross = root.intermediate({ sameKeyAs: old });
      return presenting(cross.issue(host), root.pem + old.pem);
    },
  },
  {
    id: 'root-renewed-with-its-key',
    title: 'a bundle with an expired root and its successor of the same name and key',
    expected: 'accepted',
    because: 'Of two issuers that fit, the one that is valid is taken.',
    setUp: () =>
      presenting(root.issue(host), createCa({ sameKeyAs: root, notAfter: inDays(-1) }).pem + root.pem),
  },
  twins('root-twins-good-first', 'the good one first', 'accepted', (good, bad) => good + bad),
  twins('root-twins-bad-first', 'the other one first', 'tls_cert_strict', (good, bad) => bad + good),
]);

/** A root that was certified anew with its key, for the want of what version 1 does not have. */
function twins(
  id: string,
  order: string,
  strict: Verdict,
  bundle: (good: string, bad: string) => string,
): SituationDraft {
  return {
    id,
    title: `a bundle with two certificates of one root, of which one is of version 1, ${order}`,
    expected: 'accepted',
    strict,
    because: 'Of issuers that fit and are valid, the first of the bundle is taken.',
    ...(strict === 'accepted'
      ? {}
      : { differs: 'Only clients that set X509_V_FLAG_X509_STRICT look at it.' }),
    setUp: () => {
      const second = createCa({ sameKeyAs: root, version: 1, notAfter: inDays(900) });
      return presenting(root.issue(host), bundle(root.pem, second.pem));
    },
  };
}

import { createCa, type CaOptions } from '../create-ca.ts';
import {
  host,
  inDays,
  presenting,
  situations,
  withoutChain,
  type Setup,
  type SituationDraft,
  type Verdict,
} from '../situation.ts';

const root = createCa();
const old = createCa({ notAfter: inDays(-1) });
const crossed = createCa();

const nodeWantsARoot =
  'Node by itself wants a self-signed root in the bundle: it does not set X509_V_FLAG_PARTIAL_CHAIN, the others do.';

/** Odd ways by which a chain reaches the bundle, or is presented; and none of them wrong. */
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
  {
    id: 'intermediate-twins',
    title: 'two certificates of one intermediate, of which the first has expired',
    expected: 'accepted',
    because: 'Of issuers that fit, the one that is valid is taken.',
    setUp: () => intermediateTwins({}),
  },
  {
    id: 'intermediate-twins-of-which-one-is-strict',
    title: 'such two, of which the one that is valid has no keyUsage',
    expected: 'accepted',
    strict: 'tls_cert_strict',
    because: 'Strict clients judge the chain that was taken, not the better one that might have been.',
    differs: 'Only clients that set X509_V_FLAG_X509_STRICT look at it.',
    setUp: () => intermediateTwins({ keyUsage: false }),
  },
  {
    id: 'chain-disordered',
    title: 'the intermediates in the wrong order',
    expected: 'accepted',
    because: 'TLS 1.3 lets the order go (RFC 8446, 4.4.2), and clients sort it out.',
    setUp: () => {
      const [upper, leaf] = twoDeep();
      const [lower = ''] = leaf.chain.slice(leaf.certificate.length).split(upper.pem);
      return presenting({ ...leaf, chain: leaf.certificate + upper.pem + lower }, root);
    },
  },
  {
    id: 'chain-duplicated',
    title: 'the leaf and every intermediate twice',
    expected: 'accepted',
    because: 'Superfluous certificates do no harm.',
    setUp: () => {
      const [, leaf] = twoDeep();
      return presenting({ ...leaf, chain: leaf.chain + leaf.chain }, root);
    },
  },
  {
    id: 'chain-with-root',
    title: 'the root sent along',
    expected: 'accepted',
    because: 'Superfluous, and nobody believes it because it was sent: it is in the bundle.',
    setUp: () => {
      const leaf = root.intermediate().issue(host);
      return presenting({ ...leaf, chain: leaf.chain + root.pem }, root);
    },
  },
  {
    id: 'chain-with-strangers',
    title: 'certificates in the chain that have nothing to do with it',
    expected: 'accepted',
    because: 'Superfluous certificates do no harm.',
    setUp: () => {
      const leaf = root.intermediate().issue(host);
      return presenting({ ...leaf, chain: leaf.chain + createCa().intermediate().chain }, root);
    },
  },
]);

function twoDeep() {
  const upper = root.intermediate();
  return [upper, upper.intermediate().issue(host)] as const;
}

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

function intermediateTwins(faults: CaOptions): Setup {
  const expired = root.intermediate({ notAfter: inDays(-1) });
  const valid = root.intermediate({ sameKeyAs: expired, ...faults });
  const leaf = expired.issue(host);
  return presenting({ ...leaf, chain: leaf.chain + valid.pem }, root);
}

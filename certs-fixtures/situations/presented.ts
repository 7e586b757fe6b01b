import { createCa, type CaOptions } from '../create-ca.ts';
import { host, inDays, presenting, refusedByStrict, situations, type Setup } from '../situation.ts';

const root = createCa();

/** Odd things that servers present, and none of them wrong. */
export const presented = situations([
  {
    id: 'intermediate-twins',
    title: 'two certificates of one intermediate, of which the first has expired',
    expected: 'accepted',
    because: 'Of issuers that fit, the one that is valid is taken.',
    setUp: () => intermediateTwins({}),
  },
  refusedByStrict(
    'intermediate-twins-of-which-one-is-strict',
    'such two, of which the one that is valid has no keyUsage',
    'Strict clients judge the chain that was taken, not the better one that might have been.',
    () => intermediateTwins({ keyUsage: false }),
  ),
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

function intermediateTwins(faults: CaOptions): Setup {
  const expired = root.intermediate({ notAfter: inDays(-1) });
  const valid = root.intermediate({ sameKeyAs: expired, ...faults });
  const leaf = expired.issue(host);
  return presenting({ ...leaf, chain: leaf.chain + valid.pem }, root);
}

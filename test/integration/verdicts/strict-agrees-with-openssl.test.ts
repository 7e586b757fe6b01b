import type { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createCa, type Ca, type CaOptions } from '../../../certs-fixtures/create-ca.ts';
import type { Leaf, LeafOptions } from '../../../certs-fixtures/issue-leaf.ts';
import { altNameNotCritical, emptyAltName, netscapeCa } from '../../../certs-fixtures/odd-extensions.ts';
import { buildChain } from '../../../src/trust/build-chain.ts';
import { createBundle } from '../../../src/trust/bundle.ts';
import { parseCertificates } from '../../../src/trust/parse-certificates.ts';
import { findStrictDefects } from '../../../src/trust/strict-defects.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { run } from './run.ts';

/** Any fault may stand beside any other: that each is seen alone does not say that both are. */
const caFaults: readonly CaOptions[] = [
  {},
  { subjectKeyIdentifier: false },
  { authorityKeyIdentifier: false },
  { authorityKeyIdentifier: 'empty' },
  { keyUsage: false },
  { basicConstraints: 'not critical' },
  { basicConstraints: false },
  { basicConstraints: false, keyUsage: false },
  { basicConstraints: false, keyUsage: false, extraExtensions: [netscapeCa()] },
  { pathLength: 0 },
  { pathLength: 0, keyUsage: false },
  { version: 1 },
  { name: null },
];
const leafFaults: readonly LeafOptions[] = [
  {},
  { authorityKeyIdentifier: false },
  { authorityKeyIdentifier: 'empty', subjectKeyIdentifier: false },
  { keyUsage: ['digitalSignature', 'keyCertSign'] },
  { keyUsage: ['digitalSignature', 'cRLSign'], commonName: null },
  { keyUsage: false, basicConstraints: false },
  { subjectAltName: false },
  { subjectAltName: false, commonName: null },
  { subjectAltName: false, extraExtensions: [emptyAltName()] },
  { subjectAltName: false, commonName: null, extraExtensions: [altNameNotCritical('mcp.test')] },
  { version: 1 },
];

interface Case {
  readonly what: string;
  readonly bundle: string;
  readonly leaf: Leaf;
}

function* cases(): Generator<Case> {
  const good = createCa();
  for (const [c, ca] of caFaults.entries()) {
    const root = createCa(ca);
    const intermediate = good.intermediate(ca);
    const chains: readonly (readonly [string, Ca, string])[] = [
      ['below such a root', root, root.pem],
      ['below an intermediate of such a root', root.intermediate(), root.pem],
      ['below such an intermediate', intermediate, good.pem],
      ['below such an intermediate in the bundle', intermediate, intermediate.pem],
    ];
    for (const [l, options] of leafFaults.entries())
      for (const [where, issuer, bundle] of chains)
        yield { what: `leaf ${l} ${where} ${c}`, bundle, leaf: issuer.issue('mcp.test', options) };
  }
}

/** One in so many, which still has every fault many times. */
const step = 5;

it.skipIf(toolMissing('openssl'))(
  'strict refuses the chains that openssl -x509_strict refuses, and no others (needs openssl)',
  async () => {
    const directory = temporaryDirectory();
    const outcomes = { accepted: 0, refused: 0, refusedAnyway: 0 };
    for (const [index, { what, bundle, leaf }] of [...cases()].entries()) {
      if (index % step !== 0) continue;
      const lax = await verify(directory, bundle, leaf);
      if (!lax) {
        outcomes.refusedAnyway++;
        continue;
      }
      const strict = await verify(directory, bundle, leaf, '-x509_strict');
      outcomes[strict ? 'accepted' : 'refused']++;
      const defects = defectsOf(bundle, leaf).map(({ defect, position }) => `${defect} ${position}`);
      expect({ what, defects, accepted: defects.length === 0 }).toEqual({ what, defects, accepted: strict });
    }
    expect(outcomes.accepted).toBeGreaterThan(3);
    expect(outcomes.refused).toBeGreaterThan(50);
  },
);

async function verify(directory: string, bundle: string, leaf: Leaf, ...flags: string[]): Promise<boolean> {
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const files = ['-CAfile', write('ca.pem', bundle), '-untrusted', write('chain.pem', leaf.chain)];
  const args = ['verify', '-partial_chain', '-purpose', 'sslserver', '-no-CApath', '-no-CAstore', ...flags];
  return (await run('openssl', [...args, ...files, write('leaf.pem', leaf.certificate)])).code === 0;
}

function defectsOf(bundle: string, leaf: Leaf) {
  const parse = (pem: string) => parseCertificates(pem) as X509Certificate[];
  const presented = parse(leaf.chain);
  const [first] = presented;
  if (first === undefined) throw new Error('nothing is presented');
  const chain = buildChain(first, presented, createBundle('test', parse(bundle)));
  expect(chain.isAnchored).toBe(true);
  return findStrictDefects(chain.certificates);
}

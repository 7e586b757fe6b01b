import type { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { selfSigned } from '../../../certs-fixtures/issue-leaf.ts';
import { inDays } from '../../../certs-fixtures/situation.ts';
import { buildChain } from '../../../src/trust/build-chain.ts';
import { createBundle } from '../../../src/trust/bundle.ts';
import { parseCertificates } from '../../../src/trust/parse-certificates.ts';

const parse = (pem: string): X509Certificate[] => parseCertificates(pem) as X509Certificate[];

/** The chain in PEM, so that a test can say which certificate of two with one name was taken. */
function build(presented: string, bundle: string) {
  const certificates = parse(presented);
  const [leaf] = certificates;
  if (leaf === undefined) throw new Error('nothing is presented');
  const chain = buildChain(leaf, certificates, createBundle('test', parse(bundle)));
  return { ...chain, certificates: chain.certificates.map((one) => one.toString()).join('') };
}

const root = createCa();

it('goes from the leaf to the anchor, whatever the order of what is presented', () => {
  const upper = root.intermediate();
  const lower = upper.intermediate();
  const { certificate } = lower.issue('mcp.test');
  const whole = certificate + lower.pem + upper.pem + root.pem;
  for (const sent of [lower.pem + upper.pem, upper.pem + lower.pem, upper.pem + root.pem + lower.pem]) {
    expect(build(certificate + sent, root.pem)).toEqual({
      certificates: whole,
      isAnchored: true,
      isAmbiguous: false,
    });
  }
});

it('ends at the first anchor: an intermediate of the bundle, or the leaf itself', () => {
  const intermediate = root.intermediate();
  const leaf = intermediate.issue('mcp.test');
  const byIntermediate = build(leaf.chain + root.pem, intermediate.pem + root.pem);
  expect(byIntermediate.certificates).toBe(leaf.certificate + intermediate.pem);
  expect(build(leaf.chain, leaf.certificate + root.pem).certificates).toBe(leaf.certificate);
  expect(byIntermediate.isAnchored).toBe(true);
});

it('asks the anchors before what is presented', () => {
  const old = createCa({ notAfter: inDays(-1) });
  const renewed = createCa();
  const cross = old.intermediate({ sameKeyAs: renewed });
  const leaf = cross.issue('mcp.test');
  expect(build(leaf.chain, renewed.pem + old.pem).certificates).toBe(leaf.certificate + renewed.pem);
});

it('ends where nobody vouches any more, and says so', () => {
  const intermediate = createCa().intermediate();
  const leaf = intermediate.issue('mcp.test');
  expect(build(leaf.chain, root.pem)).toMatchObject({
    certificates: leaf.certificate + intermediate.pem,
    isAnchored: false,
  });
  const own = selfSigned('mcp.test').certificate;
  expect(build(own, root.pem)).toMatchObject({ certificates: own, isAnchored: false });
});

it('takes no issuer by its name alone: the key must have made the signature', () => {
  const options = { name: 'twin', subjectKeyIdentifier: false, authorityKeyIdentifier: false };
  const [real, impostor] = [createCa(options), createCa(options)];
  const { certificate } = real.issue('mcp.test', { authorityKeyIdentifier: false });
  expect(build(certificate, impostor.pem)).toMatchObject({ certificates: certificate, isAnchored: false });
  expect(build(certificate, impostor.pem + real.pem).certificates).toBe(certificate + real.pem);
});

it('takes the first issuer of the bundle that is valid, and the one that ended last where none is', () => {
  const { certificate } = root.issue('mcp.test');
  const later = createCa({ sameKeyAs: root, notAfter: inDays(900) }).pem;
  const ended = (days: number) => createCa({ sameKeyAs: root, notAfter: inDays(-days) }).pem;
  const [yesterday, lastWeek] = [ended(1), ended(7)];
  expect(build(certificate, root.pem + later)).toMatchObject({
    certificates: certificate + root.pem,
    isAmbiguous: true,
  });
  expect(build(certificate, later + root.pem).certificates).toBe(certificate + later);
  expect(build(certificate, yesterday + root.pem)).toMatchObject({
    certificates: certificate + root.pem,
    isAmbiguous: false,
  });
  expect(build(certificate, lastWeek + yesterday).certificates).toBe(certificate + yesterday);
});

it('ends with a ring of cross-signs, and with a chain that nobody means well with', () => {
  const [a, b] = [createCa(), createCa()];
  const [aByB, bByA] = [b.intermediate({ sameKeyAs: a }), a.intermediate({ sameKeyAs: b })];
  const { certificate } = a.issue('mcp.test');
  const ring = build(certificate + aByB.pem + bByA.pem, root.pem);
  expect(ring).toMatchObject({ certificates: certificate + aByB.pem + bByA.pem, isAnchored: false });
  let deep = root;
  for (let depth = 0; depth < 30; depth++) deep = deep.intermediate();
  expect(build(deep.issue('mcp.test').chain, root.pem).isAnchored).toBe(false);
});

import { sign, type X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCa, type Ca } from '../../../certs-fixtures/create-ca.ts';
import { selfSigned, type Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { bitString, sequence } from '../../../src/ca/der.ts';
import { toPem } from '../../../src/ca/write-certificate.ts';
import { buildChain } from '../../../src/trust/build-chain.ts';
import { createBundle } from '../../../src/trust/bundle.ts';
import { parseCertificates } from '../../../src/trust/parse-certificates.ts';
import { readElement, readElements } from '../../../src/trust/read-der.ts';
import { findStrictDefects, type StrictDefect } from '../../../src/trust/strict-defects.ts';

/** Where each defect is found: situation, and the position in its chain. A new one does not compile without. */
const shownBy: Readonly<Record<Exclude<StrictDefect, 'not_der'>, readonly (readonly [string, number])[]>> = {
  missing_authority_key_identifier: [
    ['aki-missing-leaf', 0],
    ['aki-missing-intermediate', 1],
    ['aki-empty', 0],
    ['aki-issuer-and-serial-only', 0],
  ],
  missing_subject_key_identifier: [
    ['ski-missing-intermediate', 1],
    ['ski-missing-root', 1],
  ],
  missing_key_usage: [
    ['key-usage-missing-intermediate', 1],
    ['key-usage-missing-root', 1],
  ],
  missing_basic_constraints: [
    ['basic-constraints-missing-root', 1],
    ['version-1-root', 1],
    ['netscape-root', 1],
    ['key-cert-sign-leaf-without-constraints', 0],
  ],
  basic_constraints_not_critical: [
    ['basic-constraints-not-critical-intermediate', 1],
    ['basic-constraints-not-critical-root', 1],
  ],
  key_cert_sign_without_ca: [['key-cert-sign-leaf', 0]],
  path_length_without_ca: [['path-length-leaf', 0]],
  path_length_without_key_cert_sign: [['half-ca-leaf', 0]],
  empty_issuer: [
    ['issuer-empty', 0],
    ['issuer-empty', 1],
  ],
  empty_subject: [['issuer-empty', 1]],
  empty_subject_alt_name: [['alternative-names-empty', 0]],
  subject_alt_name_not_critical: [['subject-empty-names-not-critical', 0]],
  inconsistent_signature_algorithm: [['root-algorithms-inconsistent', 1]],
  authority_key_identifier_critical: [['aki-critical', 0]],
  subject_key_identifier_critical: [['ski-critical', 0]],
  authority_key_identifier_unpaired: [
    ['aki-serial-without-issuer', 0],
    ['aki-issuer-without-serial', 0],
  ],
  extensions_before_version_3: [['version-1-with-extensions', 0]],
};

const parse = (pem: string): X509Certificate[] => parseCertificates(pem) as X509Certificate[];

function chainOf(leaf: Leaf, bundle: string): readonly X509Certificate[] {
  const presented = parse(leaf.chain);
  return buildChain(presented[0] ?? never(), presented, createBundle('test', parse(bundle))).certificates;
}

function defectsOf(id: string) {
  const { server, bundle } = catalogue.find((situation) => situation.id === id)?.setUp() ?? never();
  if (typeof server === 'string') throw new Error('this server presents nothing');
  return findStrictDefects(chainOf(server.leaf, bundle));
}

describe('every defect is found where it is', () => {
  const rows = Object.entries(shownBy).flatMap(([defect, places]) =>
    places.map(([id, position]) => ({ defect, id, position })),
  );
  it.each(rows)('$id: $defect of certificate $position', ({ defect, id, position }) => {
    expect(defectsOf(id)).toContainEqual({ defect, position });
  });

  it('and not elsewhere', () => {
    const found = catalogue
      .filter(({ strict }) => strict === 'accepted')
      .filter(({ setUp }) => typeof setUp().server !== 'string')
      .flatMap(({ id }) => defectsOf(id).map(({ defect }) => `${id}: ${defect}`));
    expect(found).toEqual([]);
  });

  it('and each situation that strict refuses has one', () => {
    const refused = catalogue.filter(({ strict }) => strict === 'tls_cert_strict').map(({ id }) => id);
    expect(refused.filter((id) => defectsOf(id).length === 0)).toEqual([]);
  });
});

it('several defects of one chain are all found, the leaf first', () => {
  const root = createCa({ keyUsage: false });
  const leaf = root.intermediate({ subjectKeyIdentifier: false }).issue('mcp.test', {
    authorityKeyIdentifier: false,
  });
  expect(findStrictDefects(chainOf(leaf, root.pem))).toEqual([
    { defect: 'missing_authority_key_identifier', position: 0 },
    { defect: 'missing_subject_key_identifier', position: 1 },
    { defect: 'missing_key_usage', position: 2 },
  ]);
});

it('a certificate that is its own anchor is not held to the rules of chains', () => {
  const own = selfSigned('mcp.test', { authorityKeyIdentifier: false, keyUsage: ['keyCertSign'] });
  expect(findStrictDefects(chainOf(own, own.certificate))).toEqual([]);
});

it('BER, which OpenSSL takes, is refused: what cannot be read cannot be judged', () => {
  const root = createCa();
  const [leaf] = parse(inBer(root, root.issue('mcp.test')));
  const [anchor] = parse(root.pem);
  expect(leaf?.verify(root.issuer.publicKey)).toBe(true);
  expect(findStrictDefects([leaf ?? never(), anchor ?? never()])).toEqual([
    { defect: 'not_der', position: 0 },
  ]);
});

/** The same certificate with an open length of what is signed, and signed so. */
function inBer(root: Ca, leaf: Leaf): string {
  const [signed = never(), algorithm = never()] = readElements(readElement(leaf.certificateDer));
  const open = Buffer.concat([Buffer.from([0x30, 0x80]), signed.contents, Buffer.from([0, 0])]);
  const signature = sign('sha256', open, root.issuer.privateKey);
  return toPem(sequence(open, algorithm.whole, bitString(signature)));
}

function never(): never {
  throw new Error('this is always there');
}

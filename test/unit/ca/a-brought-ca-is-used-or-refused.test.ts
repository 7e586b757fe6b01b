import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withUnreadableDate } from '../../../certs-fixtures/alter.ts';
import { createCa, type Ca } from '../../../certs-fixtures/create-ca.ts';
import { exportKey, generateKeyPair, type KeyAlgorithm } from '../../../certs-fixtures/key-pairs.ts';
import { inspectCa } from '../../../src/ca/inspect-ca.ts';
import { LocalCa } from '../../../src/ca/local-ca.ts';
import { mintLeaf } from '../../../src/ca/mint-leaf.ts';
import { toPem } from '../../../src/ca/write-certificate.ts';
import type { CaSettings } from '../../../src/config/config.ts';
import { FileReader } from '../../../src/trust/load-bundle.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import {
  caInput,
  caSettings,
  certificatesIn,
  dayMs,
  filesOf,
  leafKey,
  opensslVerify,
  startCa,
} from './ca-world.ts';
import { presentedBy } from './presented-by.ts';

/** Settings that name files with these contents; undefined: no file. */
function bring(certificate: string | undefined, key: string | undefined) {
  const directory = temporaryDirectory();
  const brought = { certificate: path.join(directory, 'tls.crt'), key: path.join(directory, 'tls.key') };
  if (certificate !== undefined) writeFileSync(brought.certificate, certificate);
  if (key !== undefined) writeFileSync(brought.key, key);
  return { ...caSettings(), brought };
}

const inspect = (settings: CaSettings) => inspectCa(settings, new FileReader());

/** What is said, with the files' names in place of their paths. */
async function saidOf(certificate: string | undefined, key: string | undefined): Promise<string[]> {
  const settings = bring(certificate, key);
  const { faults, brought } = await inspect(settings);
  expect(brought === undefined).toBe(faults.some(({ severity }) => severity === 'error'));
  const directory = path.dirname(settings.brought.key);
  return faults.map(({ severity, message }) => `${severity}: ${message.replaceAll(`${directory}/`, '')}`);
}

const good = createCa({ name: 'corp ca' });
const past = { notAfter: new Date('2026-01-02T03:04:05Z') };
const future = { notBefore: new Date('2099-01-02T03:04:05Z'), notAfter: new Date('2100-01-02T03:04:05Z') };

describe.skipIf(toolMissing('openssl'))(
  'a CA that was brought signs what OpenSSL accepts (needs openssl)',
  () => {
    const algorithms: KeyAlgorithm[] = ['ec', 'p-384', 'p-521', 'rsa-2048', 'ed25519'];
    it.each(algorithms)('with a key of the kind %s', async (keyAlgorithm) => {
      const ca = createCa({ keyAlgorithm });
      const { brought, faults } = await inspect(bring(ca.pem, ca.key));
      expect(faults).toEqual([]);
      if (brought === undefined) throw new Error('refused');
      const { chain } = mintLeaf(brought, 'mcp.test', leafKey(), Date.now());
      expect(chain.match(/BEGIN/g)).toHaveLength(1);
      expect(await opensslVerify(ca.pem, chain, { host: 'mcp.test' })).toBe('OK');
    });

    it('with the chain to its root, which is published and not presented', async () => {
      const [root, middle] = [good, good.intermediate()];
      const signer = middle.intermediate();
      const settings = bring(signer.pem + middle.pem + root.pem, signer.key);
      const { brought, faults } = await inspect(settings);
      expect(faults).toEqual([]);
      const ca = new LocalCa(settings);
      await ca.refresh(caInput(settings, { brought }));
      expect(ca.fault).toBeUndefined();
      expect(ca.notAfterMs).toBe(new X509Certificate(signer.pem).validToDate.getTime());
      const chain = await presentedBy(ca.contextFor('mcp.test'));
      expect(chain.match(/BEGIN/g)).toHaveLength(3);
      expect(await opensslVerify(root.pem, chain, { host: 'mcp.test' })).toBe('OK');
      expect(certificatesIn(filesOf(settings).caFile)).toHaveLength(3);
    });

    it('never beyond its own end or that of its issuers', async () => {
      const notAfter = new Date(Math.floor(Date.now() / 1000) * 1000 + 2 * dayMs);
      const middle = good.intermediate({ notAfter });
      const signer = middle.intermediate();
      const { brought } = await inspect(bring(signer.pem + middle.pem, signer.key));
      if (brought === undefined) throw new Error('refused');
      expect(mintLeaf(brought, 'mcp.test', leafKey(), Date.now()).notAfterMs).toBe(notAfter.getTime());
    });
  },
);

describe('a CA that cannot be used is an error', () => {
  const odd = createCa({ name: 'odd' });
  const rsa1024 = createCa({ keyAlgorithm: 'rsa-1024' });
  const ed448 = generateKeyPairSync('ed448');
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const encrypted = createPrivateKey(good.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  const withKey = (ca: Ca, certificate = ca.pem) => [certificate, ca.key] as const;
  const cases: [string, readonly [string | undefined, string | undefined], string[]][] = [
    ['no certificate file', [undefined, good.key], ['tls.crt does not exist']],
    ['no key file', [good.pem, undefined], ['tls.key does not exist']],
    ['neither', [undefined, undefined], ['tls.crt does not exist', 'tls.key does not exist']],
    ['an empty certificate file', ['', good.key], ['tls.crt is empty']],
    ['the key in both', [good.key, good.key], ['tls.crt holds a private key and no certificate']],
    ['the certificate in both', [good.pem, good.pem], ['tls.key holds no private key']],
    ['noise for a key', [good.pem, 'noise'], ['tls.key holds no private key']],
    ['an encrypted key', [good.pem, encrypted], ['tls.key holds an encrypted key']],
    [
      'the key of another',
      [good.pem, exportKey(generateKeyPair())],
      ['tls.key does not fit the first certificate of tls.crt'],
    ],
    [
      'a leaf',
      (({ certificate, key }) => [certificate, key] as const)(good.issue('mcp.test')),
      ['tls.crt begins with a certificate that is no CA: its keyUsage lacks keyCertSign'],
    ],
    [
      'CA:FALSE',
      withKey(createCa({ ca: false, keyUsage: ['keyCertSign'] })),
      ['tls.crt begins with a certificate that is no CA: its basicConstraints say CA:FALSE'],
    ],
    [
      'no basicConstraints',
      withKey(createCa({ basicConstraints: false })),
      ['tls.crt begins with a certificate that is no CA: it has no basicConstraints'],
    ],
    [
      'no keyCertSign',
      withKey(createCa({ keyUsage: ['digitalSignature'] })),
      ['tls.crt begins with a certificate that is no CA: its keyUsage lacks keyCertSign'],
    ],
    [
      'an expired one',
      withKey(createCa({ name: 'old', ...past })),
      ['tls.crt holds a certificate (CN=old) that expired at 2026-01-02T03:04:05.000Z'],
    ],
    [
      'an early one',
      withKey(createCa({ name: 'new', ...future })),
      ['tls.crt holds a certificate (CN=new) that is not valid before 2099-01-02T03:04:05.000Z'],
    ],
    [
      'one whose end cannot be read',
      withKey(odd, toPem(withUnreadableDate(odd.certificateDer, 'notAfter'))),
      ['tls.crt holds a certificate (CN=odd) that has a date that cannot be read'],
    ],
    [
      'a chain in no order',
      withKey(good, good.pem + createCa({ name: 'stranger' }).pem),
      ['tls.crt holds certificate 2 (CN=stranger), which did not issue the one before it'],
    ],
    ['RSA of 1024 bits', withKey(rsa1024), ['tls.key holds an RSA key of 1024 bits, which clients refuse']],
    ['Ed448', [good.pem, exportKey(ed448)], ['tls.key holds a key of a kind that is not supported (ed448)']],
    [
      'RSA-PSS',
      [good.pem, exportKey(pss)],
      ['tls.key holds a key of a kind that is not supported (rsa-pss)'],
    ],
    [
      'another curve',
      [good.pem, exportKey(secp256k1)],
      ['tls.key holds a key of a kind that is not supported (ec secp256k1)'],
    ],
  ];
  it.each(cases)('%s', async (_title, [certificate, key], said) => {
    expect(await saidOf(certificate, key)).toEqual(said.map((message) => `error: ${message}`));
  });

  it('with the remedy, and nothing of the key', async () => {
    const { faults } = await inspect(bring(good.pem, encrypted));
    expect(faults.map(({ hint }) => hint)).toEqual([
      'write it without a passphrase: openssl pkey -in FILE -out FILE.pem, and let nobody else read that',
    ]);
    expect(JSON.stringify(faults)).not.toContain(encrypted.slice(100, 120));
  });

  it('for which none is generated', async () => {
    const settings = bring(good.pem, undefined);
    const { brought, faults } = await inspect(settings);
    const ca = new LocalCa(settings);
    await ca.refresh(caInput(settings, { brought, faults }));
    expect(ca.fault).toEqual(faults[0]);
    expect(() => certificatesIn(filesOf(settings).caFile)).toThrow('ENOENT');
  });
});

describe('a CA that strict clients refuse is warned of', () => {
  it('without a key identifier or usages', async () => {
    const ca = createCa({ keyUsage: false, subjectKeyIdentifier: false });
    expect(await saidOf(ca.pem, ca.key)).toEqual([
      'warning: tls.crt begins with a CA that strict clients (Python 3.13) refuse: no keyUsage, no subjectKeyIdentifier',
    ]);
    const below = good.intermediate({ authorityKeyIdentifier: false });
    expect(await saidOf(below.pem, below.key)).toEqual([
      'warning: tls.crt begins with a CA that strict clients (Python 3.13) refuse: no authorityKeyIdentifier',
    ]);
  });
});

describe('at a reload', () => {
  it('the same CA keeps its leaves, another one takes over at once', async () => {
    const settings = bring(good.pem, good.key);
    const ca = new LocalCa(settings);
    const load = async () => ca.refresh(caInput(settings, await inspect(settings)));
    await load();
    const first = ca.contextFor('mcp.test');
    await load();
    expect(ca.contextFor('mcp.test')).toBe(first);
    const next = createCa();
    writeFileSync(settings.brought.certificate, next.pem);
    writeFileSync(settings.brought.key, next.key);
    await load();
    expect(ca.contextFor('mcp.test')).not.toBe(first);
    expect(certificatesIn(filesOf(settings).caFile).map(String)).toEqual([next.pem]);
  });

  it('a CA is brought in place of a generated one, and taken away again', async () => {
    const settings = bring(good.pem, good.key);
    const generated = { ...settings, brought: undefined };
    const { ca } = await startCa(generated);
    const own = certificatesIn(filesOf(settings).caFile).map(String);
    await ca.refresh(caInput(settings, await inspect(settings)));
    expect(certificatesIn(filesOf(settings).caFile).map(String)).toEqual([good.pem]);
    await ca.refresh(caInput(generated));
    expect(certificatesIn(filesOf(settings).caFile).map(String)).toEqual(own);
  });
});

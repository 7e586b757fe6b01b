import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateCa } from '../../../src/ca/generated-ca.ts';
import { createSigners } from '../../../src/ca/lineage.ts';
import { mintLeaf } from '../../../src/ca/mint-leaf.ts';
import { readFacts } from '../../../src/trust/certificate-facts.ts';
import { initialize, postFromPython } from '../../../examples/demo/strict-python.ts';
import { strictPython, toolMissing } from '../../harness/require-tool.ts';
import { caSettings, dayMs, filesOf, leafKey, opensslVerify, startCa } from './ca-world.ts';
import { serveTls } from './presented-by.ts';

const longName = `${'a'.repeat(63)}.corp.test`;
const hosts = ['mcp.corp.test', '127.0.0.1', '::1', '2001:db8::a:b', longName, 'localhost'];

function mint(host: string, nowMs = Date.now()) {
  const ca = generateCa(nowMs, []);
  const signer = createSigners({ current: ca, successor: undefined }, [])(nowMs);
  const { chain } = mintLeaf(signer, host, leafKey(), nowMs);
  return { ca: ca.certificate, chain, leaf: new X509Certificate(chain) };
}

describe('a leaf and the CA that signed it pass strict verification', () => {
  it.skipIf(toolMissing('openssl')).each(hosts)(
    'of openssl verify -x509_strict: %s (needs openssl)',
    async (host) => {
      const { ca, chain } = mint(host);
      expect(await opensslVerify(ca.toString(), chain, { host })).toBe('OK');
      expect(
        await opensslVerify(ca.toString(), chain, { host: host === '::1' ? '::2' : '10.0.0.1' }),
      ).toMatch(/IP address mismatch/i);
      expect(await opensslVerify(mint(host).ca.toString(), chain, { host })).toMatch(
        /unable to get local issuer/,
      );
    },
  );

  const python = strictPython();
  it.skipIf(python === undefined)(
    'of CPython 3.13, over TLS, from ca-bundle.pem (needs python3)',
    async () => {
      const settings = caSettings();
      const { ca } = await startCa(settings);
      for (const host of ['localhost', '127.0.0.1']) {
        const port = await serveTls(ca.contextFor(host));
        const url = `https://${host}:${port}/mcp`;
        const { bundleFile } = filesOf(settings);
        const from = python ?? { path: '', version: '', needsFlags: false };
        expect(await postFromPython(from, { url, caFile: bundleFile, body: initialize })).toEqual({
          status: 200,
          body: 'hello',
        });
      }
    },
  );

  it('of Node, in its newest protocol', async () => {
    const settings = caSettings();
    const { ca } = await startCa(settings);
    const port = await serveTls(ca.contextFor('localhost'));
    const anchors = readFileSync(filesOf(settings).caFile, 'utf8');
    const version = await new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: anchors }, () => {
        resolve(socket.getProtocol());
        socket.destroy();
      }).on('error', reject);
    });
    expect(version).toBe('TLSv1.3');
  });
});

describe('what is minted', () => {
  it('is for the host alone, whose name is the common name where it fits', () => {
    expect(mint('mcp.corp.test').leaf).toMatchObject({
      subject: 'CN=mcp.corp.test',
      subjectAltName: 'DNS:mcp.corp.test',
      keyUsage: ['1.3.6.1.5.5.7.3.1'],
      ca: false,
    });
    expect(mint('127.0.0.1').leaf).toMatchObject({ subjectAltName: 'IP Address:127.0.0.1' });
    expect(mint('127.0.0.1').leaf.subject).toBeFalsy();
    expect(mint(longName).leaf.subject).toBeFalsy();
    expect(mint(longName).leaf.subjectAltName).toBe(`DNS:${longName}`);
  });

  it('is valid for at most a week, backdated a day, and never beyond the CA', () => {
    const nowMs = Math.floor(Date.now() / 1000) * 1000;
    const { leaf, ca } = mint('mcp.test', nowMs);
    expect(leaf.validFromDate.getTime()).toBe(nowMs - dayMs);
    expect(leaf.validToDate.getTime()).toBe(nowMs + 7 * dayMs);
    expect(ca.validFromDate.getTime()).toBe(nowMs - dayMs);
    expect(ca.validToDate.getTime()).toBe(nowMs + 730 * dayMs);
    const signer = { ...generateCa(nowMs, []), chain: [], published: [] };
    const late = mintLeaf(signer, 'mcp.test', leafKey(), nowMs + 728 * dayMs);
    expect(late.notAfterMs).toBe(nowMs + 730 * dayMs);
  });

  it('comes from a CA whose name no other has', () => {
    const subjects = Array.from({ length: 20 }, () => generateCa(Date.now(), []).certificate.subject);
    expect(new Set(subjects).size).toBe(20);
    for (const subject of subjects)
      expect(subject).toMatch(/^O=mcp-tls-sidecar\nCN=mcp-tls-sidecar local CA [0-9a-f]{16}$/);
  });

  it('names the key of its issuer', () => {
    const { ca, leaf } = mint('mcp.test');
    const id = readFacts(ca).subjectKeyIdentifier?.id;
    expect(id).toHaveLength(20);
    expect(leaf.raw.includes(id ?? '')).toBe(true);
    expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
  });
});

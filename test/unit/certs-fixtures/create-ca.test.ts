import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa, type Ca } from '../../../certs-fixtures/create-ca.ts';
import { selfSigned, type Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const yesterday = new Date(Date.now() - 86_400_000);
const tomorrow = new Date(Date.now() + 86_400_000);

/** What `openssl verify` says: `OK` or its errors. */
function verify(anchor: string, leaf: Leaf, ...options: string[]): Promise<string> {
  const directory = temporaryDirectory();
  const path = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const files = ['-CAfile', path('ca.pem', anchor), '-untrusted', path('chain.pem', leaf.chain)];
  const args = ['verify', '-x509_strict', '-partial_chain', '-purpose', 'sslserver', ...files, ...options];
  return new Promise((resolve) => {
    execFile('openssl', [...args, path('leaf.pem', leaf.certificate)], (error, _stdout, stderr) => {
      resolve(error === null ? 'OK' : stderr);
    });
  });
}

describe.skipIf(toolMissing('openssl'))('openssl verify -x509_strict (needs openssl)', () => {
  const root = createCa();
  const good: [string, Ca, Leaf, string[]][] = [
    ['a leaf of a root', root, root.issue('mcp.test'), ['-verify_hostname', 'mcp.test']],
    ['a leaf of an intermediate', root, root.intermediate().issue('mcp.test'), []],
    ['an IPv4 address', root, root.issue('127.0.0.1'), ['-verify_ip', '127.0.0.1']],
    ['an IPv6 address', root, root.issue(['mcp.test', '::1']), ['-verify_ip', '::1']],
    ['a wildcard', root, root.issue('*.corp.test'), ['-verify_hostname', 'a.corp.test']],
    ['the second of two names', root, root.issue(['a.test', 'b.test']), ['-verify_hostname', 'b.test']],
    ['RSA', root, root.issue('mcp.test', { keyAlgorithm: 'rsa-2048' }), []],
    [
      'an empty subject',
      root,
      root.issue('mcp.test', { commonName: null }),
      ['-verify_hostname', 'mcp.test'],
    ],
    ['permitted names', root, root.intermediate({ permittedNames: ['corp.test'] }).issue('a.corp.test'), []],
  ];
  it.each(good)('accepts %s', async (_title, anchor, leaf, options) => {
    expect(await verify(anchor.pem, leaf, ...options)).toBe('OK');
  });

  it('accepts an intermediate as the only anchor', async () => {
    const intermediate = createCa().intermediate();
    expect(await verify(intermediate.pem, intermediate.issue('mcp.test'))).toBe('OK');
  });

  it('accepts a cross-signed intermediate from either root', async () => {
    const [old, renewed] = [createCa(), createCa()];
    const crossed = old.intermediate({ sameKeyAs: renewed });
    expect(await verify(old.pem, crossed.issue('mcp.test'))).toBe('OK');
    expect(await verify(renewed.pem, crossed.issue('mcp.test'))).toBe('OK');
  });

  const plain = createCa({ subjectKeyIdentifier: false });
  const bad: [string, Ca, Leaf, string[]][] = [
    ['Missing Authority Key Identifier', root, root.issue('mcp.test', { authorityKeyIdentifier: false }), []],
    [
      'Missing Authority Key Identifier',
      root,
      root.issue('mcp.test', { authorityKeyIdentifier: 'empty' }),
      [],
    ],
    [
      'Missing Authority Key Identifier',
      root,
      root.intermediate({ authorityKeyIdentifier: false }).issue('mcp.test'),
      [],
    ],
    ['Missing Subject Key Identifier', plain, plain.issue('mcp.test'), []],
    ['has expired', root, root.issue('mcp.test', { notAfter: yesterday }), []],
    ['not yet valid', root, root.issue('mcp.test', { notBefore: tomorrow }), []],
    ['has expired', root, root.intermediate({ notAfter: yesterday }).issue('mcp.test'), []],
    ['hostname mismatch', root, root.issue('other.test'), ['-verify_hostname', 'mcp.test']],
    ['hostname mismatch', root, root.issue('m*p.corp.test'), ['-verify_hostname', 'mcp.corp.test']],
    ['self-signed certificate', root, selfSigned('mcp.test'), []],
    ['unable to get local issuer', root, createCa().issue('mcp.test'), []],
    ['invalid CA certificate', root, root.intermediate({ ca: false }).issue('mcp.test'), []],
    [
      'CA cert does not include key usage',
      root,
      root.intermediate({ keyUsage: false }).issue('mcp.test'),
      [],
    ],
    ['Basic Constraints of CA cert not marked critical', root, notCritical(root).issue('mcp.test'), []],
    [
      'unsuitable certificate purpose',
      root,
      root.issue('mcp.test', { extendedKeyUsage: ['clientAuth'] }),
      [],
    ],
    [
      'permitted subtree violation',
      root,
      root.intermediate({ permittedNames: ['corp.test'] }).issue('mcp.test'),
      [],
    ],
    [
      'excluded subtree violation',
      root,
      root.intermediate({ excludedNames: ['mcp.test'] }).issue('mcp.test'),
      [],
    ],
    [
      'path length constraint',
      root,
      root.intermediate({ pathLength: 0 }).intermediate().issue('mcp.test'),
      [],
    ],
    ['key too weak', root, root.issue('mcp.test', { keyAlgorithm: 'rsa-1024' }), ['-auth_level', '2']],
  ];
  it.each(bad)('says "%s" (%#)', async (words, anchor, leaf, options) => {
    expect(await verify(anchor.pem, leaf, ...options)).toContain(words);
  });
});

function notCritical(root: Ca): Ca {
  return root.intermediate({ basicConstraints: 'not critical' });
}

describe('createCa', () => {
  it('presents the leaf and the intermediates, never the root', () => {
    const root = createCa();
    const { chain } = root.intermediate().intermediate().issue('mcp.test');
    expect(chain.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
    expect(chain).not.toContain(root.pem);
  });

  it('writes a common name without a subject alternative name', () => {
    const leaf = new X509Certificate(createCa().issue('mcp.test', { subjectAltName: false }).certificate);
    expect(leaf.subject).toBe('CN=mcp.test');
    expect(leaf.subjectAltName).toBeUndefined();
  });

  it('writes version 1 certificates', () => {
    const root = createCa({ version: 1 });
    expect(new X509Certificate(root.pem).ca).toBe(false);
    expect(new X509Certificate(root.pem).verify(root.issuer.publicKey)).toBe(true);
  });

  it('writes dates beyond 2049', () => {
    const notAfter = new Date('2100-01-02T03:04:05Z');
    expect(new X509Certificate(createCa({ notAfter }).pem).validToDate).toEqual(notAfter);
  });

  it('gives every CA another name, so that chains cannot be mixed up by name', () => {
    expect(createCa().name).not.toBe(createCa().name);
  });
});

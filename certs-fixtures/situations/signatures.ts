import { alterLeaf, breakSignature } from '../alter.ts';
import { createCa } from '../create-ca.ts';
import { host, presenting, situations } from '../situation.ts';

const root = createCa();
const level = 'openssl verify has no security level unless -auth_level sets one; TLS has.';

/** Signatures that are broken or weak, and keys that are. */
export const signatures = situations([
  {
    id: 'key-explicit-curve',
    title: 'an EC key whose curve is written out in numbers',
    expected: 'tls_cert_rejected',
    because: 'RFC 5480, 2.1.1: a curve is named.',
    setUp: () => presenting(root.issue(host, { keyAlgorithm: 'ec-explicit' }), root),
  },
  {
    id: 'signature-broken',
    title: 'a signature with one bit wrong',
    expected: 'tls_cert_rejected',
    because: 'The issuer never signed this.',
    setUp: () => presenting(breakSignature(root.issue(host)), root),
  },
  {
    id: 'signature-broken-below-intermediate',
    title: 'such a signature below an intermediate',
    expected: 'tls_cert_rejected',
    because: 'The issuer never signed this.',
    setUp: () => presenting(breakSignature(root.intermediate().issue(host)), root),
  },
  ...(['sha1', 'md5'] as const).map((signature) => ({
    id: `signature-${signature}`,
    title: `a signature with ${signature === 'md5' ? 'MD5' : 'SHA-1'}`,
    expected: 'tls_cert_rejected' as const,
    because: 'Certificates can be forged that have such a signature.',
    differs: level,
    setUp: () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      const leaf = alterLeaf(rsa.issue(host), rsa, { signature });
      return presenting(leaf, rsa, { tls: { ciphers: 'DEFAULT@SECLEVEL=0' } });
    },
  })),
  {
    id: 'key-weak',
    title: 'an RSA key of 1024 bits',
    expected: 'tls_cert_rejected',
    because: 'Too small since 2013.',
    differs: `${level} Go takes it.`,
    setUp: () => {
      const leaf = root.issue(host, { keyAlgorithm: 'rsa-1024' });
      return presenting(leaf, root, { tls: { ciphers: 'DEFAULT@SECLEVEL=0' } });
    },
  },
  {
    id: 'key-weak-root',
    title: 'a root with an RSA key of 1024 bits',
    expected: 'tls_cert_rejected',
    because: 'Too small since 2013.',
    differs: `${level} Go takes it.`,
    setUp: () => {
      const weak = createCa({ keyAlgorithm: 'rsa-1024' });
      return presenting(weak.issue(host), weak, { tls: { ciphers: 'DEFAULT@SECLEVEL=0' } });
    },
  },
]);

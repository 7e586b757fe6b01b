import { alterLeaf } from '../alter.ts';
import { createCa } from '../create-ca.ts';
import { selfSigned } from '../issue-leaf.ts';
import { unknownExtension } from '../odd-extensions.ts';
import { host, presenting, situations } from '../situation.ts';

const root = createCa();

/** What there is nothing wrong with, in all its forms. */
export const good = situations([
  {
    id: 'good-ec',
    title: 'an EC key below an intermediate',
    expected: 'accepted',
    because: 'This is how it should be.',
    setUp: () => presenting(root.intermediate().issue(host), root),
  },
  {
    id: 'good-rsa',
    title: 'an RSA key of 2048 bits, signed by an RSA key',
    expected: 'accepted',
    because: 'What most corporate CAs issue.',
    setUp: () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      return presenting(rsa.issue(host, { keyAlgorithm: 'rsa-2048' }), rsa);
    },
  },
  {
    id: 'good-rsa-pss-signature',
    title: 'a certificate that is signed by RSA-PSS',
    expected: 'accepted',
    because: 'What Microsoft CAs issue with "alternate signature algorithm".',
    setUp: () => {
      const rsa = createCa({ keyAlgorithm: 'rsa-2048' });
      return presenting(alterLeaf(rsa.issue(host), rsa, { signature: 'pss' }), rsa);
    },
  },
  {
    id: 'good-rsa-pss-key',
    title: 'a key that is for RSA-PSS only',
    expected: 'accepted',
    because: 'The public key says that it makes no other signatures than RSA-PSS (RFC 4055).',
    differs: 'Go knows RSA-PSS as a signature and not as a kind of key, and offers nothing that would do.',
    setUp: () => presenting(root.issue(host, { keyAlgorithm: 'rsa-pss' }), root),
  },
  {
    id: 'good-ed25519',
    title: 'an Ed25519 key, signed by an Ed25519 key',
    expected: 'accepted',
    because: 'RFC 8410; rare with servers, and no fault.',
    setUp: () => {
      const edwards = createCa({ keyAlgorithm: 'ed25519' });
      return presenting(edwards.issue(host, { keyAlgorithm: 'ed25519' }), edwards);
    },
  },
  {
    id: 'good-empty-subject',
    title: 'a leaf whose subject is empty and whose alternative names are critical',
    expected: 'accepted',
    because: 'RFC 5280, 4.2.1.6: the alternative names are the only ones it has.',
    setUp: () => presenting(root.issue(host, { commonName: null }), root),
  },
  {
    id: 'good-long-chain',
    title: 'five intermediates',
    expected: 'accepted',
    because: 'Long, but nothing says that it must not be.',
    setUp: () => {
      const deep = root.intermediate().intermediate().intermediate().intermediate().intermediate();
      return presenting(deep.issue(host), root);
    },
  },
  {
    id: 'good-name-constraints',
    title: 'an intermediate for corp.test, and a name in it',
    expected: 'accepted',
    because: 'The name lies inside the permitted subtree.',
    setUp: () => {
      const limited = root.intermediate({ permittedNames: ['corp.test'] });
      return presenting(limited.issue('mcp.corp.test'), root, { host: 'mcp.corp.test' });
    },
  },
  {
    id: 'good-self-signed-in-bundle',
    title: 'a self-signed certificate that stands in the bundle',
    expected: 'accepted',
    because: 'It is its own anchor.',
    setUp: () => {
      const own = selfSigned(host);
      return presenting(own, own.certificate);
    },
  },
  {
    id: 'good-unknown-extension',
    title: 'an extension that nobody knows and that is not critical',
    expected: 'accepted',
    because: 'RFC 5280, 4.2: what is not critical may be ignored.',
    setUp: () => presenting(root.issue(host, { extraExtensions: [unknownExtension(false)] }), root),
  },
]);

import { createCa } from '../create-ca.ts';
import type { LeafOptions } from '../issue-leaf.ts';
import { host, presenting, situations, type SituationDraft } from '../situation.ts';

const root = createCa();

/** Whether the certificate is for the host that is dialled. */
export const names = situations([
  right('name-second', 'the second of two names', { names: ['other.test', host] }),
  right('name-upper-case', 'a name in capitals', { names: ['MCP.Test'] }),
  right('name-wildcard', 'a wildcard', { names: ['*.corp.test'], dialled: 'mcp.corp.test' }),
  right('name-address', 'an IP address', { names: ['127.0.0.1'], dialled: '127.0.0.1' }),
  {
    ...right('name-common-name-only', 'no alternative names, and the right common name', {
      names: [host],
      subjectAltName: false,
    }),
    because: 'The common name counts where there are no alternative names, as OpenSSL and Python judge it.',
    differs: 'Go has not looked at the common name since 1.15.',
  },
  wrong('name-other', 'another host', { names: ['other.test'] }),
  wrong('name-common-name-beside-others', 'the right common name beside other alternative names', {
    names: ['other.test'],
    commonName: host,
  }),
  wrong('name-wildcard-two-labels', 'a wildcard for a name two labels deep', {
    names: ['*.corp.test'],
    dialled: 'a.b.corp.test',
  }),
  wrong('name-wildcard-apex', 'a wildcard for the name above it', {
    names: ['*.corp.test'],
    dialled: 'corp.test',
  }),
  {
    ...wrong('name-wildcard-partial', 'a `*` inside of a label', {
      names: ['m*p.corp.test'],
      dialled: 'mcp.corp.test',
    }),
    because: 'A `*` is a whole leftmost label or nothing.',
    differs: 'Node by itself takes it; OpenSSL, Python, curl and Go do not.',
  },
  wrong('name-wildcard-inner', 'a `*` that is not the leftmost label', {
    names: ['mcp.*.test'],
    dialled: 'mcp.corp.test',
  }),
  {
    ...wrong('name-wildcard-top-level', 'a wildcard for a whole top-level domain', { names: ['*.test'] }),
    because: 'A `*` needs two labels behind it.',
    differs: 'Go takes it, as the certificate is from a CA of your own.',
  },
  wrong('name-wildcard-alone', 'nothing but a `*`', { names: ['*'] }),
  wrong('name-other-address', 'another IP address', { names: ['127.0.0.2'], dialled: '127.0.0.1' }),
  wrong('name-no-address', 'a certificate without addresses, dialled by address', {
    names: [host],
    dialled: '127.0.0.1',
  }),
  {
    ...wrong('name-address-in-common-name', 'an IP address that is only the common name', {
      names: ['127.0.0.1'],
      dialled: '127.0.0.1',
      subjectAltName: false,
    }),
    because: 'Addresses count only as alternative names of that type.',
    differs: 'curl takes the common name for one.',
  },
  wrong('name-with-nul', 'a name that seems to end at a NUL', { names: [`${host}\0.evil.test`] }),
]);

interface Named extends LeafOptions {
  readonly names: readonly string[];
  readonly dialled?: string;
}

function right(id: string, title: string, named: Named): SituationDraft {
  const { names: issued, dialled = host, ...options } = named;
  const because = 'The certificate is for the host.';
  const setUp = () => presenting(root.issue(issued, options), root, { host: dialled });
  return { id, title, expected: 'accepted', because, setUp };
}

function wrong(id: string, title: string, named: Named): SituationDraft {
  return {
    ...right(id, title, named),
    expected: 'tls_cert_name_mismatch',
    because: 'The chain is good, and for somebody else.',
  };
}

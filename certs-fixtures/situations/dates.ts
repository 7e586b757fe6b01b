import { createCa } from '../create-ca.ts';
import { host, inDays, presenting, situations } from '../situation.ts';

const root = createCa();

/** Too late, or too early. */
export const dates = situations([
  {
    id: 'expired-leaf',
    title: 'a leaf that has expired',
    expected: 'tls_cert_expired',
    because: 'It ended yesterday.',
    setUp: () => presenting(root.intermediate().issue(host, { notAfter: inDays(-1) }), root),
  },
  {
    id: 'expired-intermediate',
    title: 'an intermediate that has expired',
    expected: 'tls_cert_expired',
    because: 'The leaf is good, what is above it ended yesterday.',
    setUp: () => presenting(root.intermediate({ notAfter: inDays(-1) }).issue(host), root),
  },
  {
    id: 'expired-root',
    title: 'a root that has expired',
    expected: 'tls_cert_expired',
    because: 'The client needs a newer bundle, there is nothing wrong with the server.',
    setUp: () => {
      const ended = createCa({ notAfter: inDays(-1) });
      return presenting(ended.intermediate().issue(host), ended);
    },
  },
  {
    id: 'not-yet-valid-leaf',
    title: 'a leaf that is not valid yet',
    expected: 'tls_cert_not_yet_valid',
    because: 'It begins tomorrow, or the clock of the client is slow.',
    setUp: () => presenting(root.issue(host, { notBefore: inDays(1) }), root),
  },
  {
    id: 'not-yet-valid-intermediate',
    title: 'an intermediate that is not valid yet',
    expected: 'tls_cert_not_yet_valid',
    because: 'It begins tomorrow, or the clock of the client is slow.',
    setUp: () => presenting(root.intermediate({ notBefore: inDays(1) }).issue(host), root),
  },
  {
    id: 'expired-and-for-another-host',
    title: 'a leaf that has expired and is for another host',
    expected: 'tls_cert_expired',
    because: 'Two faults, of which the chain is judged before the name.',
    setUp: () => presenting(root.issue('other.test', { notAfter: inDays(-1) }), root),
  },
  {
    id: 'far-future',
    title: 'a leaf that is valid until the year 9999',
    expected: 'accepted',
    because: 'Unwise; the rule of RFC 5280, 4.1.2.5 for "no end".',
    setUp: () => presenting(root.issue(host, { notAfter: new Date('9999-12-31T23:59:59Z') }), root),
  },
]);

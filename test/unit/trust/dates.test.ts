import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { withUnreadableDate } from '../../../certs-fixtures/alter.ts';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { isValidAt, notAfterOf, notBeforeOf } from '../../../src/trust/certificate-facts.ts';

const ca = createCa();

test('dates are those of the certificate', () => {
  const certificate = new X509Certificate(ca.certificateDer);
  expect(notBeforeOf(certificate)).toEqual(certificate.validFromDate);
  expect(notAfterOf(certificate)).toEqual(certificate.validToDate);
  expect(isValidAt(certificate, Date.now())).toBe(true);
});

test.each([
  ['notBefore', notBeforeOf, notAfterOf],
  ['notAfter', notAfterOf, notBeforeOf],
] as const)('of a %s that cannot be read nobody makes a date', (which, unreadable, readable) => {
  const der = withUnreadableDate(ca.certificateDer, which);
  // Node's own answer is whatever lay in memory: of so many some would be dates.
  for (let round = 0; round < 500; round++) {
    const certificate = new X509Certificate(der);
    expect(unreadable(certificate).getTime()).toBeNaN();
    expect(readable(certificate).getTime()).not.toBeNaN();
    expect(isValidAt(certificate, Date.now())).toBe(false);
  }
});

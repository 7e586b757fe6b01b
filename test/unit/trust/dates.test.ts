import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { isValidAt, notAfterOf, notBeforeOf } from '../../../src/trust/certificate-facts.ts';

const ca = createCa();
/** Tag and length of a UTCTime (RFC 5280 section 4.1.2.5.1): the beginning of a certificate, then its end. */
const utcTime = Buffer.from([0x17, 0x0d]);
const begin = ca.certificateDer.indexOf(utcTime);
const end = ca.certificateDer.indexOf(utcTime, begin + 1);

/** One of its dates is in a thirteenth month. */
function withUnreadable(at: number): Buffer {
  const der = Buffer.from(ca.certificateDer);
  der.write('271399999999Z', at + utcTime.length, 'latin1');
  return der;
}

test('dates are those of the certificate', () => {
  const certificate = new X509Certificate(ca.certificateDer);
  expect(notBeforeOf(certificate)).toEqual(certificate.validFromDate);
  expect(notAfterOf(certificate)).toEqual(certificate.validToDate);
  expect(isValidAt(certificate, Date.now())).toBe(true);
});

test.each([
  ['beginning', begin, notBeforeOf, notAfterOf],
  ['end', end, notAfterOf, notBeforeOf],
] as const)('of a %s that cannot be read nobody makes a date', (_, at, unreadable, readable) => {
  const der = withUnreadable(at);
  // Node's own answer is whatever lay in memory: of so many some would be dates.
  for (let round = 0; round < 500; round++) {
    const certificate = new X509Certificate(der);
    expect(unreadable(certificate).getTime()).toBeNaN();
    expect(readable(certificate).getTime()).not.toBeNaN();
    expect(isValidAt(certificate, Date.now())).toBe(false);
  }
});

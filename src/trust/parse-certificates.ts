import { X509Certificate } from 'node:crypto';
import { FileFault } from './read-file.ts';

const block = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

/**
 * Every certificate of a PEM text, in order. OpenSSL skips what it cannot read without a word; here a block that
 * claims to be a certificate and is none is a fault.
 *
 * @returns an empty array where there is no certificate block at all
 */
export function parseCertificates(text: string): X509Certificate[] | FileFault {
  const certificates: X509Certificate[] = [];
  for (const { 0: whole, 1: label, index } of text.matchAll(block)) {
    if (label !== 'CERTIFICATE' && label !== 'X509 CERTIFICATE') {
      if (label === 'TRUSTED CERTIFICATE') return trustedCertificateFault;
      continue;
    }
    try {
      certificates.push(new X509Certificate(whole.replaceAll('X509 CERTIFICATE', 'CERTIFICATE')));
    } catch {
      const line = text.slice(0, index).split('\n').length;
      return new FileFault(
        `holds a block at line ${line} that is no certificate`,
        'the file may be cut short or damaged: copy it anew',
      );
    }
  }
  const begins = text.match(/-----BEGIN (?:X509 )?CERTIFICATE-----/g)?.length ?? 0;
  if (begins > certificates.length)
    return new FileFault(
      'holds a certificate without its END line',
      'the file may be cut short: copy it anew',
    );
  return certificates;
}

const trustedCertificateFault = new FileFault(
  'holds a TRUSTED CERTIFICATE, whose trust settings would be lost',
  'convert it with: openssl x509 -in FILE -out FILE.pem',
);

/** What a file without any certificate block most likely is instead. */
export function noCertificateFault(bytes: Buffer): FileFault {
  if (bytes.length === 0) return new FileFault('is empty', 'write at least one PEM certificate to it');
  if (bytes[0] === 0x30 && (bytes[1] ?? 0) >= 0x80)
    return new FileFault(
      'is not PEM (it looks like DER)',
      'convert it: openssl x509 -inform der -in FILE -out FILE.pem',
    );
  if (bytes.includes('PRIVATE KEY-----'))
    return new FileFault('holds a private key and no certificate', 'name the file with the CA certificate');
  return new FileFault('holds no certificate', 'a PEM certificate begins with -----BEGIN CERTIFICATE-----');
}

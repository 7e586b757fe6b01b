import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Whether a certificate is for a host, as OpenSSL's X509_check_host and Python judge it: a `*` is a whole leftmost
 * label only (Node's own check also takes `m*p.corp.test`), and the common name counts only where there is no
 * subject alternative name.
 *
 * @param host a normalised name or IP literal
 */
export function isCertificateFor(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { partialWildcards: false }) !== undefined;
}

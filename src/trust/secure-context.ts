import { createSecureContext, type SecureContext } from 'node:tls';
import type { Bundle } from './bundle.ts';

/**
 * The TLS client context of a bundle. `ca` is always given: without it Node falls back on its own roots and
 * NODE_EXTRA_CA_CERTS.
 *
 * @param bundle the only anchors; undefined where nothing is verified
 */
export function createTrustContext(bundle: Bundle | undefined): SecureContext {
  return createSecureContext({
    ca: bundle?.certificates.map((one) => one.toString()) ?? [],
    // As Python 3.13 does (VERIFY_X509_PARTIAL_CHAIN): an intermediate or a leaf in the bundle is an anchor.
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
  });
}

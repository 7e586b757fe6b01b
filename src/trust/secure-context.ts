import { createSecureContext, type SecureContext } from 'node:tls';
import type { Bundle } from './bundle.ts';
import { getOrCreate } from './get-or-create.ts';
import type { Identity } from './load-identity.ts';

/** What a context is made for. */
export interface ContextOptions {
  /** The only anchors; undefined where nothing is verified. */
  readonly bundle: Bundle | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly identity?: Pick<Identity, 'certificate' | 'key'> | undefined;
}

/** The contexts without an identity, by their anchors and version. */
const shared = new WeakMap<object, Map<string, SecureContext>>();
const noBundle = {};

/**
 * The same context for all who believe the same and show no certificate: with the roots of a system it takes 4 MB and
 * 15 ms. Nothing of a connection is kept in it; whether the peer is verified, and by which session it is resumed, each
 * dial says for itself.
 */
export function sharedTrustContext({ bundle, minVersion = 'TLSv1.2' }: ContextOptions): SecureContext {
  const byVersion = getOrCreate(shared, bundle ?? noBundle, () => new Map<string, SecureContext>());
  return getOrCreate(byVersion, minVersion, () => createTrustContext({ bundle, minVersion }));
}

/**
 * The TLS client context of a policy. `ca` is always given: without it Node falls back on its own roots and
 * NODE_EXTRA_CA_CERTS.
 *
 * @throws OpenSSL's error for an identity whose key does not fit
 */
export function createTrustContext({ bundle, minVersion, identity }: ContextOptions): SecureContext {
  return createSecureContext({
    ca: bundle?.certificates.map((one) => one.toString()) ?? [],
    // As Python 3.13 does (VERIFY_X509_PARTIAL_CHAIN): an intermediate or a leaf in the bundle is an anchor.
    allowPartialTrustChain: true,
    minVersion: minVersion ?? 'TLSv1.2',
    ...(identity === undefined ? {} : { cert: identity.certificate, key: identity.key }),
  });
}

import type { KeyObject, X509Certificate } from 'node:crypto';

/** A certificate authority that can sign. */
export interface Signer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** What is presented after a leaf: the intermediates below a root that clients have, without roots. */
  readonly chain: readonly X509Certificate[];
  /** What clients must be given to believe it. */
  readonly published: readonly X509Certificate[];
}

import type { SecureContext } from 'node:tls';
import type { Bundle } from '../trust/bundle.ts';

/** How the TLS of an upstream is verified. Immutable; made by the snapshot, used by the dial. */
export interface Policy {
  /** Equal for policies that mean the same: only those share connections and TLS sessions. */
  readonly key: string;
  /** False for `ssl_verify: false` alone. */
  readonly verify: boolean;
  /** The anchors, or what an unverified chain is judged by for the counter. */
  readonly bundle: Bundle | undefined;
  readonly context: SecureContext;
  /** SNI and the verified identity where it is not the host of the authority. */
  readonly serverName: string | undefined;
  /** Base64 of the SHA-256 of the keys that a leaf may have; empty: any. */
  readonly pins: ReadonlySet<string>;
  /** Whether what strict clients refuse is refused too. */
  readonly strict: boolean;
  /** Whether servers are shown a client certificate: peers on other machines must not borrow it. */
  readonly hasIdentity: boolean;
}

/**
 * A session that was made without verification would count as verified when resumed, and a resumed one shows no chain
 * to judge: such policies never resume.
 */
export function mayResume({ verify, pins, strict }: Policy): boolean {
  return verify && pins.size === 0 && !strict;
}

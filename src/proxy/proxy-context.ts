import type { Authority } from '../authority.ts';
import type { SnapshotStore } from '../snapshot/snapshot.ts';
import type { Pool } from '../upstream/pool.ts';

/** What every request shares. */
export interface ProxyContext {
  readonly store: SnapshotStore;
  readonly pool: Pool;
  /** Pseudonym of this process in `Via`. */
  readonly via: string;
  readonly isOwnListener: (authority: Authority) => boolean;
  /** Downstream connections that authenticated themselves by NTLM or Negotiate: they share no upstream connection. */
  readonly bound: WeakSet<object>;
}

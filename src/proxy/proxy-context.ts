import type { Authority } from '../authority.ts';
import type { LocalCa } from '../ca/local-ca.ts';
import type { SnapshotStore } from '../snapshot/snapshot.ts';
import type { Pool } from '../upstream/pool.ts';

/** What every request shares. */
export interface ProxyContext {
  readonly store: SnapshotStore;
  readonly pool: Pool;
  /** Pseudonym of this process in `Via`. */
  readonly via: string;
  /** Signs what clients of the CONNECT route are shown. */
  readonly ca: LocalCa;
  /** Whether a signal to end has come. */
  readonly isDraining: () => boolean;
  /** A server's 401 names OAuth metadata, which speak of its real URL. */
  readonly onProtectedResource: (server: string) => void;
  readonly isOwnListener: (authority: Authority) => boolean;
}

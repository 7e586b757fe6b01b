import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { NamedBundle } from './evidence.ts';
import { writtenTrust } from './remedy.ts';

/** The default trust and every bundle of the configuration, each once. */
export function bundlesAtHand({ ca, table }: Snapshot): NamedBundle[] {
  const all = new Map<string, NamedBundle>();
  const add = (bundle: Bundle | undefined, sslVerify: NamedBundle['sslVerify']) => {
    if (bundle !== undefined && !all.has(bundle.sha256)) all.set(bundle.sha256, { bundle, sslVerify });
  };
  add(ca.defaultTrust, true);
  for (const { entry, policy } of table.entries) {
    const { sslVerify, tls } = entry;
    const trust = sslVerify.kind === 'off' ? tls.verifyWith : sslVerify;
    const written = trust === undefined || tls.systemRoots ? undefined : writtenTrust(trust);
    add(policy?.bundle, written === false ? undefined : written);
  }
  return [...all.values()];
}

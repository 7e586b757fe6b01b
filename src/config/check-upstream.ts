import type { z } from 'zod/mini';
import type { Authority } from '../authority.ts';
import type { Settings } from './config.ts';
import { reachesLoopback } from './hosts.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import type { Report } from './report.ts';
import { hostTlsSchema } from './schema.ts';
import type { serverSchema } from './schema.ts';

/** A server entry whose address is to be checked. */
interface ServerToCheck {
  readonly value: z.output<typeof serverSchema>;
  readonly map: LocatedMap;
  readonly pair: LocatedPair;
  /** Whether something from the environment is missing: what it would have said is not known. */
  readonly isSpoiled: boolean;
}

/** Reports an address that leads back to us, or on which the entry's policy could not be kept. */
export function checkUpstream(
  { value, map, pair, isSpoiled }: ServerToCheck,
  settings: Settings,
  report: Report,
): void {
  const tls = findPair(map, 'tls')?.value;
  const { url } = value;
  const real = value.tls?.upstream_url;
  const urlPosition = positionOf(findPair(map, 'url') ?? pair);
  const realPosition = positionOf(findPair(tls, 'upstream_url') ?? pair);
  const error = (position: typeof urlPosition, message: string, hint: string): void => {
    report.add({ severity: 'error', position, message, hint });
  };
  if (real && isOurs(real.authority, settings)) {
    error(
      realPosition,
      "tls.upstream_url is this sidecar's own address",
      'write the real address of the server',
    );
  }
  if (real?.protocol === 'http' && hasPolicy(map, tls)) {
    error(
      realPosition,
      'tls.upstream_url is http://, where no policy can be kept',
      'write https://, or remove ssl_verify and tls',
    );
  }
  if (real || !url || isSpoiled) return;
  if (isOurs(url.authority, settings)) {
    error(
      urlPosition,
      "url is this sidecar's own address",
      'write the real address of the server at tls.upstream_url',
    );
  } else if (url.protocol === 'http' && hasPolicy(map, tls)) {
    const hint = 'write the real https:// address at tls.upstream_url, or here; or remove ssl_verify and tls';
    error(urlPosition, 'url is http://, and ssl_verify or tls beside it needs tls.upstream_url', hint);
  }
}

/** Whether the entry itself asks for something that only TLS can keep. */
function hasPolicy(map: LocatedMap, tls: Located | undefined): boolean {
  if (!isUnset(findPair(map, 'ssl_verify')?.value)) return true;
  return Object.keys(hostTlsSchema.shape).some((key) => !isUnset(findPair(tls, key)?.value));
}

/** Whether an authority is one of our own listeners, in any spelling that can be told without a resolver. */
export function isOurs(
  { host, port }: Authority,
  { listen, admin }: Pick<Settings, 'listen' | 'admin'>,
): boolean {
  return [...listen, admin].some(
    (own) => own.port !== 0 && own.port === port && (reachesLoopback(host) || own.host === host),
  );
}

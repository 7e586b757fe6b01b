import type { Position, SslVerify, TlsSettings } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { LocatedMap, LocatedPair } from './located.ts';
import type { Reading } from './read-mapping.ts';
import type { InheritedTrust } from './read-settings.ts';
import { resolveSslVerify } from './ssl-verify.ts';
import { fillInTls } from './tls-settings.ts';
import type { WrittenTls } from './tls-settings.ts';

/** The trust of an entry, inheritance applied. */
export interface EntryTrust {
  readonly sslVerify: SslVerify;
  readonly tls: TlsSettings;
  readonly trustPosition: Position;
}

/** What an entry's own keys say about trust, after its schema. */
interface WrittenTrust {
  readonly ssl_verify?: SslVerify | null | undefined;
  readonly tls?: WrittenTls | null | undefined;
}

/** Applies inheritance, and reports trust that is off or contradicts itself. */
export function readTrust(
  entry: { readonly what: string; readonly pair: LocatedPair; readonly map: LocatedMap },
  written: WrittenTrust,
  inherited: InheritedTrust | undefined,
  { report, folder }: Reading,
): EntryTrust {
  const own = written.ssl_verify ?? undefined;
  const ownPair = findPair(entry.map, 'ssl_verify');
  const isOwn = ownPair !== undefined && !isUnset(ownPair.value);
  const trustPosition = isOwn ? positionOf(ownPair) : (inherited?.position ?? entry.pair.keyPosition);
  const sslVerify = resolveSslVerify(
    own ?? (isOwn ? undefined : inherited?.sslVerify) ?? { kind: 'default' },
    folder,
  );
  const tls = fillInTls(written.tls ?? {}, folder);
  if (own?.kind === 'off') {
    const message = `verification is off for ${entry.what}: whoever is on the way can read and change all it sends`;
    const hint = 'name the CA in place of false: ssl_verify: /path/to/ca.pem';
    report.add({ severity: 'warning', position: trustPosition, message, hint });
  }
  // A value that the environment did not give is a problem already.
  if (tls.systemRoots && !(isOwn && own === undefined))
    checkSystemRoots(entry.map, sslVerify, entry.pair, { report });
  return { sslVerify, tls, trustPosition };
}

function checkSystemRoots(
  map: LocatedMap,
  { kind }: SslVerify,
  fallback: LocatedPair,
  { report }: Pick<Reading, 'report'>,
): void {
  const position = positionOf(findPair(findPair(map, 'tls')?.value, 'system_roots') ?? fallback);
  if (kind === 'off') {
    const message = 'tls.system_roots stands beside ssl_verify false, which trusts everything';
    report.add({ severity: 'error', position, message, hint: 'remove one of the two' });
  } else if (kind === 'default') {
    const message =
      'tls.system_roots adds nothing: without a CA in ssl_verify the default trust store is used already';
    report.add({ severity: 'warning', position, message, hint: 'remove it, or name the CA at ssl_verify' });
  }
}

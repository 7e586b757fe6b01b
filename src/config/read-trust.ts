import { checkTlsPairs, checkTrust } from './check-trust.ts';
import type { EntryToCheck } from './check-trust.ts';
import type { Position, SslVerify, TlsPositions, TlsSettings } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
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
  readonly tlsPositions?: TlsPositions;
}

/** What an entry's own keys say about trust, after its schema. */
interface WrittenTrust {
  readonly ssl_verify?: SslVerify | null | undefined;
  readonly tls?: WrittenTls | null | undefined;
}

/** Applies inheritance and defaults, and reports trust that is off or contradicts itself. */
export function readTrust(
  entry: EntryToCheck,
  written: WrittenTrust,
  inherited: InheritedTrust | undefined,
  reading: Reading,
): EntryTrust {
  const { folder } = reading;
  const own = written.ssl_verify ?? undefined;
  const ownPair = findPair(entry.map, 'ssl_verify');
  const isOwn = ownPair !== undefined && !isUnset(ownPair.value);
  const trustPosition = isOwn ? positionOf(ownPair) : (inherited?.position ?? entry.pair.keyPosition);
  const sslVerify = resolveSslVerify(
    own ?? (isOwn ? undefined : inherited?.sslVerify) ?? { kind: 'default' },
    folder,
  );
  const tls = fillInTls(written.tls ?? {}, folder);
  checkTlsPairs(entry, reading);
  // A value that the environment did not give is a problem already.
  if (!isOwn || own !== undefined) checkTrust(entry, { sslVerify, tls }, reading);
  return { sslVerify, tls, trustPosition, tlsPositions: tlsPositionsOf(entry) };
}

function tlsPositionsOf({ map }: EntryToCheck): TlsPositions {
  const tls = findPair(map, 'tls')?.value;
  if (tls?.kind !== 'map') return {};
  const [verifyWith, certificate] = [findPair(tls, 'verify_with'), findPair(tls, 'client_certificate')];
  return {
    ...(verifyWith && { 'tls.verify_with': positionOf(verifyWith) }),
    ...(certificate && { 'tls.client_certificate': positionOf(certificate) }),
  };
}

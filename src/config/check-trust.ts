import type { Position, SslVerify, TlsSettings } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { LocatedMap, LocatedPair } from './located.ts';
import type { Reading } from './read-mapping.ts';

/** An entry whose trust is checked. */
export interface EntryToCheck {
  /** How problems call it: `server x` or `host x`. */
  readonly what: string;
  readonly pair: LocatedPair;
  readonly map: LocatedMap;
  /** Whether there is no TLS that could be verified or not. */
  readonly isPlain: boolean;
}

/** The trust of an entry, inheritance applied. */
interface Trust {
  readonly sslVerify: SslVerify;
  readonly tls: TlsSettings;
}

type ReportOf = Pick<Reading, 'report' | 'now'>;

/** How long ahead it is told that verification comes back. */
export const NOTICE_MS = 7 * 86_400_000;

/** Reports trust that is off, that comes back, or that contradicts itself. */
export function checkTrust(entry: EntryToCheck, trust: Trust, reading: ReportOf): void {
  if (trust.sslVerify.kind === 'off') {
    warnOfOff(entry, trust.tls, reading);
    refuseBesideOff(entry, trust.tls, reading);
  } else refuseWithoutOff(entry, trust.tls, reading);
  if (trust.sslVerify.kind === 'default' && trust.tls.systemRoots) {
    const message =
      'tls.system_roots adds nothing: without a CA in ssl_verify the default trust store is used already';
    const hint = 'remove it, or name the CA at ssl_verify';
    reading.report.add({ severity: 'warning', position: placeOf(entry, 'system_roots'), message, hint });
  }
}

/** Reports keys of `tls` that say nothing alone: by what is written, whatever the environment made of it. */
export function checkTlsPairs(entry: EntryToCheck, { report }: ReportOf): void {
  const written = (key: string): boolean => !isUnset(findPair(tlsOf(entry), key)?.value);
  const error = (key: string, message: string, hint: string): void => {
    report.add({ severity: 'error', position: placeOf(entry, key), message, hint });
  };
  if (written('client_certificate') && !written('client_key')) {
    const hint = 'name the file of its private key at tls.client_key';
    error('client_certificate', 'tls.client_certificate stands without tls.client_key', hint);
  }
  if (written('client_key') && !written('client_certificate')) {
    const hint = 'name the file of the certificate at tls.client_certificate';
    error('client_key', 'tls.client_key stands without tls.client_certificate', hint);
  }
  const pins = findPair(tlsOf(entry), 'pin_sha256')?.value;
  if (pins?.kind === 'list' && pins.items.length === 0) {
    // A template that lost its values must not lose the pinning with them.
    error('pin_sha256', 'tls.pin_sha256 is an empty list', 'write a pin, or remove the line to pin nothing');
  }
}

function warnOfOff(entry: EntryToCheck, { insecureUntil }: TlsSettings, { report, now }: ReportOf): void {
  const { what } = entry;
  const warn = (position: Position, message: string, hint: string): void => {
    report.add({ severity: 'warning', position, message, hint });
  };
  if (insecureUntil !== undefined && insecureUntil.atMs <= now) {
    const hint = 'remove it and ssl_verify: false, or write a later date';
    const message = `verification is back for ${what}: tls.insecure_until has passed`;
    warn(placeOf(entry, 'insecure_until'), message, hint);
    return;
  }
  const own = findPair(entry.map, 'ssl_verify');
  const isOwn = own !== undefined && !isUnset(own.value);
  if (isOwn || !entry.isPlain) {
    const until = insecureUntil === undefined ? '' : ` until ${insecureUntil.text}`;
    const message = `verification is off for ${what}${until}: whoever is on the way can read and change all it sends`;
    const remedy = 'name the CA in place of false: ssl_verify: /path/to/ca.pem';
    const end = insecureUntil === undefined ? '; or give it an end with tls.insecure_until' : '';
    warn(isOwn ? positionOf(own) : entry.pair.keyPosition, message, `${remedy}${end}`);
  }
  if (insecureUntil !== undefined && insecureUntil.atMs <= now + NOTICE_MS) {
    const message = `verification of ${what} comes back within a week, at ${insecureUntil.text}`;
    const hint = 'see to it that its certificate verifies by then, or write a later date';
    warn(placeOf(entry, 'insecure_until'), message, hint);
  }
}

function refuseBesideOff(entry: EntryToCheck, tls: TlsSettings, { report }: ReportOf): void {
  const refused = {
    system_roots: tls.systemRoots,
    pin_sha256: tls.pins.length > 0,
    strict: tls.strict,
  };
  for (const [key, isSet] of Object.entries(refused)) {
    if (!isSet) continue;
    const message = `tls.${key} stands beside ssl_verify false, which trusts everything`;
    report.add({ severity: 'error', position: placeOf(entry, key), message, hint: 'remove one of the two' });
  }
}

function refuseWithoutOff(entry: EntryToCheck, tls: TlsSettings, { report }: ReportOf): void {
  const refused = {
    insecure_until: tls.insecureUntil,
    insecure_reason: tls.insecureReason,
    verify_with: tls.verifyWith,
  };
  for (const [key, value] of Object.entries(refused)) {
    if (value === undefined) continue;
    const message = `tls.${key} is for ssl_verify: false alone, and this entry is verified`;
    const hint =
      key === 'verify_with' ? 'remove it; what to trust is written at ssl_verify' : 'remove the line';
    report.add({ severity: 'error', position: placeOf(entry, key), message, hint });
  }
}

function tlsOf({ map }: EntryToCheck): LocatedPair['value'] | undefined {
  return findPair(map, 'tls')?.value;
}

function placeOf(entry: EntryToCheck, key: string): Position {
  return positionOf(findPair(tlsOf(entry), key) ?? entry.pair);
}

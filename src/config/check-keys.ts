import type { Position } from './config.ts';
import { isLitellmKey, mayShowKey } from './known-keys.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import { findNearKey } from './near-key.ts';
import { NESTED_KEYS } from './own-keys.ts';
import type { Report } from './report.ts';
import { fileSchema, hostTlsSchema, serverSchema, serverTlsSchema, settingsSchema } from './schema.ts';

const ENTRY_KEYS = Object.keys(serverSchema.shape);
const TLS_KEYS = Object.keys(serverTlsSchema.shape);

/** Keys at the top of the file: all but ours are somebody else's, unless they nearly spell ours. */
export function checkTopKeys(root: LocatedMap, report: Report): void {
  for (const { key, keyPosition } of unknownKeys(root, Object.keys(fileSchema.shape))) {
    const near = findNearKey(key, ['mcp_tls_sidecar', 'mcp_servers']);
    if (near === 'mcp_tls_sidecar') reportNear(report, keyPosition, 'top-level key', key, near);
    if (near !== 'mcp_servers') continue;
    const message = `top-level key ${key} is ignored, though it nearly spells ${near}`;
    report.add({
      severity: 'warning',
      position: keyPosition,
      message,
      hint: `write ${near} if that is meant`,
    });
  }
}

/** Keys of one item of `mcp_servers`, those inside `tls` included. */
export function checkServerKeys(entry: LocatedMap, report: Report): void {
  for (const { key, keyPosition } of unknownKeys(entry, ENTRY_KEYS)) {
    if (isLitellmKey(key)) continue;
    const near = findNearKey(key, ['ssl_verify', 'tls']);
    if (near !== undefined) {
      reportNear(report, keyPosition, 'key', key, near);
      continue;
    }
    const hint = TLS_KEYS.includes(key)
      ? `write it inside tls: that is where this sidecar reads ${key}`
      : "if it is a key of LiteLLM's, all is well; else remove it";
    const message = `${mayShowKey(key) ? `key ${key}` : 'a key of this entry'} is not known and is ignored`;
    report.add({ severity: 'warning', position: keyPosition, message, hint });
  }
  checkTlsKeys(findPair(entry, 'tls')?.value, TLS_KEYS, report);
}

/** Keys of a host entry, those inside `tls` included. */
export function checkHostKeys(entry: LocatedMap, report: Report): void {
  checkOwnKeys(entry, ['ssl_verify', 'tls'], 'key', report);
  const tls = findPair(entry, 'tls')?.value;
  // All keys of a server's, for those that a host entry does not have are refused by name.
  checkTlsKeys(tls, TLS_KEYS, report);
  for (const key of TLS_KEYS.filter((one) => !Object.hasOwn(hostTlsSchema.shape, one))) {
    const pair = findPair(tls, key);
    if (pair === undefined || isUnset(pair.value)) continue;
    const message = `tls.${key} stands in a host entry, which has no url`;
    const hint = 'remove it, or make the host an entry of mcp_servers, where it belongs';
    report.add({ severity: 'error', position: positionOf(pair), message, hint });
  }
}

/** Keys of `mcp_tls_sidecar` at all levels but `hosts`. */
export function checkSettingsKeys(settings: LocatedMap, report: Report): void {
  checkOwnKeys(settings, Object.keys(settingsSchema.shape), 'mcp_tls_sidecar key', report);
  for (const [key, keys] of NESTED_KEYS) {
    const nested = findPair(settings, key)?.value;
    if (nested?.kind !== 'map') continue;
    checkOwnKeys(nested, keys, `${key} key`, report);
  }
}

function checkTlsKeys(tls: Located | undefined, known: readonly string[], report: Report): void {
  if (tls?.kind !== 'map') return;
  for (const pair of unknownKeys(tls, known)) {
    if (findNearKey(pair.key, [...known, 'ssl_verify']) === 'ssl_verify') {
      const message = 'ssl_verify is written inside tls';
      const hint = 'write ssl_verify one level up, beside tls';
      report.add({ severity: 'error', position: pair.keyPosition, message, hint });
    } else checkOwnKey(pair, known, 'tls key', report);
  }
}

function checkOwnKeys(map: LocatedMap, known: readonly string[], what: string, report: Report): void {
  for (const pair of unknownKeys(map, known)) checkOwnKey(pair, known, what, report);
}

function checkOwnKey(
  { key, keyPosition }: LocatedPair,
  known: readonly string[],
  what: string,
  report: Report,
): void {
  const near = findNearKey(key, known);
  if (near !== undefined) {
    reportNear(report, keyPosition, what, key, near);
    return;
  }
  const message = mayShowKey(key)
    ? `${what} ${key} is not known and is ignored`
    : `a ${what} is not known and is ignored`;
  report.add({
    severity: 'warning',
    position: keyPosition,
    message,
    hint: `remove it; known are ${known.join(', ')}`,
  });
}

function reportNear(report: Report, position: Position, what: string, key: string, near: string): void {
  const message = `${what} ${key} is not known, though it nearly spells ${near}`;
  report.add({ severity: 'error', position, message, hint: `write ${near}` });
}

function unknownKeys(map: LocatedMap, known: readonly string[]): LocatedPair[] {
  return map.pairs.filter(({ key, keyIsText }) => !keyIsText || !known.includes(key));
}

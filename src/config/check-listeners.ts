import { formatAuthority, isLoopbackHost } from '../authority.ts';
import type { ListenAddress, Position } from './config.ts';
import { substitute } from './environment.ts';
import { Fault } from './fault.ts';
import { parseListenAddress } from './listen-address.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { Located, LocatedMap } from './located.ts';
import type { Reading } from './read-mapping.ts';

/** Where is listened if nothing else is written. */
export const DEFAULT_ADDRESSES = {
  listen: { host: '127.0.0.1', port: 8921 },
  admin: { host: '127.0.0.1', port: 9921 },
} as const;

/** What the command line says in place of the file. */
export interface Overrides {
  readonly listen?: ListenAddress | undefined;
  readonly admin?: ListenAddress | undefined;
}

/**
 * Reports addresses that are named twice, or that others than this machine can reach without consent, and consent
 * that would make an open proxy. By what is written, so that all of it is told even where other settings are wrong.
 */
export function checkListeners(
  written: LocatedMap | undefined,
  overrides: Overrides | undefined,
  reading: Reading,
): void {
  const all = [...addressesOf('listen', written, reading), ...addressesOf('admin', written, reading)];
  reportTwice(all, reading);
  const consent = valueOf(written, 'allow_remote_clients', reading);
  if (consent === true) checkConsent(written, reading);
  // What is no boolean, or a variable that is not set, is a problem of its own.
  if (consent === false || consent === null) {
    for (const { key, address, position } of all) {
      if (!isLoopbackHost(address.host)) reportRemote(`${key} is`, position, reading);
    }
    for (const key of ['listen', 'admin'] as const) {
      const address = overrides?.[key];
      if (address === undefined || isLoopbackHost(address.host)) continue;
      reportRemote(`--${key} ${formatAuthority(address)} is`, undefined, reading);
    }
  }
}

interface FoundAddress {
  readonly key: keyof typeof DEFAULT_ADDRESSES;
  readonly address: ListenAddress;
  /** Of a default, that of the key which it could clash with. */
  readonly position: Position | undefined;
}

function addressesOf(
  key: FoundAddress['key'],
  written: LocatedMap | undefined,
  { env }: Reading,
): FoundAddress[] {
  const pair = findPair(written, key);
  if (pair === undefined || isUnset(pair.value)) {
    const other = pair ?? findPair(written, key === 'listen' ? 'admin' : 'listen');
    return [{ key, address: DEFAULT_ADDRESSES[key], position: other && positionOf(other) }];
  }
  const value = substitute(pair.value, env, () => undefined);
  const items: readonly (Located | undefined)[] = value?.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    if (item?.kind !== 'scalar' || typeof item.value !== 'string') return [];
    const address = parseListenAddress(item.value);
    return address instanceof Fault ? [] : [{ key, address, position: item.position }];
  });
}

function reportTwice(all: readonly FoundAddress[], { report }: Reading): void {
  const seen = new Set<string>();
  for (const { key, address, position } of all) {
    const text = formatAuthority(address);
    if (address.port !== 0 && seen.has(text)) {
      const message = `${key} names ${text} a second time`;
      report.add({ severity: 'error', position, message, hint: 'give it another port' });
    }
    seen.add(text);
  }
}

function reportRemote(what: string, position: Position | undefined, { report }: Reading): void {
  const message = `${what} not a loopback address, which needs allow_remote_clients: true`;
  const hint =
    'listen on 127.0.0.1, [::1] or localhost; or write allow_remote_clients: true and unlisted_hosts: deny';
  report.add({ severity: 'error', position, message, hint });
}

/** Whoever can reach us must not reach all that we can reach. */
function checkConsent(written: LocatedMap | undefined, reading: Reading): void {
  const consent = findPair(written, 'allow_remote_clients');
  const hosts = findPair(written, 'unlisted_hosts');
  const plaintext = findPair(written, 'unlisted_plaintext');
  const place = hosts ?? consent;
  if (valueOf(written, 'unlisted_hosts', reading) !== 'deny') {
    const message = 'allow_remote_clients: true needs unlisted_hosts: deny, or this is an open proxy';
    const hint = 'write unlisted_hosts: deny, and under hosts what else clients may reach';
    const position = place && positionOf(place);
    reading.report.add({ severity: 'error', position, message, hint });
  }
  if (plaintext !== undefined && valueOf(written, 'unlisted_plaintext', reading) === 'pass') {
    const message = 'unlisted_plaintext: pass is for loopback clients only: remote ones are denied';
    const hint = 'write unlisted_plaintext: deny, unless a client on this machine needs it';
    reading.report.add({ severity: 'warning', position: positionOf(plaintext), message, hint });
  }
}

/** The value of a key that takes a single one, its variable replaced; undefined where there is none to be told. */
function valueOf(written: LocatedMap | undefined, key: string, { env }: Reading): unknown {
  const pair = findPair(written, key);
  if (pair === undefined) return null;
  const value = substitute(pair.value, env, () => undefined, key);
  return value?.kind === 'scalar' ? value.value : undefined;
}

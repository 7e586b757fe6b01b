import { formatAuthority } from '../authority.ts';
import { checkSettingsKeys } from './check-keys.ts';
import type { ListenAddress, Position, Settings, SslVerify } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import { readMapping } from './read-mapping.ts';
import type { Reading } from './read-mapping.ts';
import { settingsSchema } from './schema.ts';
import { resolveSslVerify } from './ssl-verify.ts';
import type { z } from 'zod';

/** `mcp_tls_sidecar` after reading, `hosts` aside. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly inherited: InheritedTrust | undefined;
  readonly hosts: LocatedMap | undefined;
}

/** `mcp_tls_sidecar.ssl_verify`, where it is set. */
export interface InheritedTrust {
  readonly sslVerify: SslVerify;
  readonly position: Position;
}

const schema = settingsSchema.omit({ hosts: true });
const DEFAULT_LISTEN: ListenAddress = { host: '127.0.0.1', port: 8921 };
const DEFAULT_ADMIN: ListenAddress = { host: '127.0.0.1', port: 9921 };
/** Stands in for settings that are wrong: where we listen is not known, so no URL can be told to be ours. */
const UNTOLD = { listen: [], admin: { host: '127.0.0.1', port: 0 } };

/** Reads `mcp_tls_sidecar`; where it is wrong the defaults stand in, so that the rest can be read too. */
export function readSettings(root: LocatedMap, reading: Reading): ReadSettings {
  const pair = findPair(root, 'mcp_tls_sidecar');
  const written = asMap(pair, 'mcp_tls_sidecar', reading);
  if (pair === undefined || written === undefined) {
    return { settings: fillIn({}), inherited: undefined, hosts: undefined };
  }
  checkSettingsKeys(written, reading.report);
  const { value } = readMapping(schema, written, reading, undefined);
  const settings = fillIn(value ?? UNTOLD);
  checkAddresses(settings, written, pair, reading);
  return {
    settings,
    inherited: inheritedTrust(value?.ssl_verify, written, reading),
    hosts: asMap(findPair(written, 'hosts'), 'hosts', reading),
  };
}

/** A mapping that may be left out; anything else is an error. */
export function asMap(
  pair: LocatedPair | undefined,
  name: string,
  { report }: Reading,
): LocatedMap | undefined {
  if (pair === undefined || isUnset(pair.value)) return undefined;
  if (pair.value.kind === 'map') return pair.value;
  const hint = 'write its keys below it, each indented on a line of its own';
  report.add({ severity: 'error', position: positionOf(pair), message: `${name} is no mapping`, hint });
  return undefined;
}

function fillIn(written: z.output<typeof schema>): Settings {
  const { listen, admin, timeouts, limits, log } = written;
  return {
    listen: listen === undefined || listen === null ? [DEFAULT_LISTEN] : [listen].flat(),
    admin: admin ?? DEFAULT_ADMIN,
    unlistedHosts: 'pass',
    ca: {
      directory: '/nonexistent',
      stateDirectory: undefined,
      brought: undefined,
      permittedDomains: [],
      position: { line: 1, column: 1 },
    },
    upstreamProxy: undefined,
    noProxy: [],
    allowRemoteClients: false,
    unlistedPlaintext: written.unlisted_plaintext ?? 'deny',
    timeouts: {
      dialMs: timeouts?.dial ?? 8000,
      responseMs: timeouts?.response ?? 0,
      drainMs: timeouts?.drain ?? 25_000,
    },
    limits: { connections: limits?.connections ?? 10_000, headerBytes: limits?.header_bytes ?? 65_536 },
    log: { level: log?.level ?? 'info', requests: log?.requests ?? 'all' },
    allowedHosts: [...new Set(written.allowed_hosts)],
  };
}

function inheritedTrust(
  sslVerify: SslVerify | null | undefined,
  written: LocatedMap,
  { report, folder }: Reading,
): InheritedTrust | undefined {
  const pair = findPair(written, 'ssl_verify');
  if (pair === undefined || sslVerify === undefined || sslVerify === null) return undefined;
  const position = positionOf(pair);
  if (sslVerify.kind === 'off') {
    const message = 'verification is off for every entry that has no ssl_verify';
    const hint = 'name the CA in place of false: ssl_verify: /path/to/ca.pem';
    report.add({ severity: 'warning', position, message, hint });
  }
  return { sslVerify: resolveSslVerify(sslVerify, folder), position };
}

function checkAddresses(
  settings: Settings,
  written: LocatedMap,
  whole: LocatedPair,
  { report }: Reading,
): void {
  const listen = findPair(written, 'listen');
  const admin = findPair(written, 'admin');
  const seen = new Set<string>();
  const check = (address: ListenAddress, position: Position, key: string): void => {
    const text = formatAuthority(address);
    if (address.port !== 0 && seen.has(text)) {
      report.add({
        severity: 'error',
        position,
        message: `${key} names ${text} a second time`,
        hint: 'give it another port',
      });
    }
    seen.add(text);
  };
  settings.listen.forEach((address, index) => check(address, itemPosition(listen, index, whole), 'listen'));
  check(settings.admin, positionOf(admin ?? listen ?? whole), 'admin');
}

function itemPosition(listen: LocatedPair | undefined, index: number, whole: LocatedPair): Position {
  const items: readonly Located[] = listen?.value.kind === 'list' ? listen.value.items : [];
  return items[index]?.position ?? positionOf(listen ?? whole);
}

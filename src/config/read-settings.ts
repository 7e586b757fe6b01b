import { checkListeners, DEFAULT_ADDRESSES } from './check-listeners.ts';
import type { Overrides } from './check-listeners.ts';
import { checkSettingsKeys } from './check-keys.ts';
import type { Position, Settings, SslVerify } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { LocatedMap, LocatedPair } from './located.ts';
import { checkCa, fillInCa } from './read-ca.ts';
import { readMapping } from './read-mapping.ts';
import type { Reading } from './read-mapping.ts';
import { checkUpstreamProxy, fillInUpstreamProxy } from './read-upstream-proxy.ts';
import { settingsSchema } from './schema.ts';
import { resolveSslVerify } from './ssl-verify.ts';
import { z } from 'zod/mini';

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

const schema = z.omit(settingsSchema, { hosts: true });
/** Stands in for settings that are wrong: where we listen is not known, so no URL can be told to be ours. */
const UNTOLD: z.output<typeof schema> = { listen: [], admin: { host: '127.0.0.1', port: 0 } };

/** Reads `mcp_tls_sidecar`; where it is wrong the defaults stand in, so that the rest can be read too. */
export function readSettings(
  root: LocatedMap,
  overrides: Overrides | undefined,
  reading: Reading,
): ReadSettings {
  const pair = findPair(root, 'mcp_tls_sidecar');
  const map = asMap(pair, 'mcp_tls_sidecar', reading);
  checkListeners(map, overrides, reading);
  const position = pair?.keyPosition ?? { line: 1, column: 1 };
  const written = map ?? { kind: 'map', pairs: [], position };
  checkSettingsKeys(written, reading.report);
  const { value } = readMapping(schema, written, reading, undefined);
  checkCa(written, reading);
  const inherited = inheritedTrust(value?.ssl_verify, written, reading);
  const read = value ?? UNTOLD;
  const settings = {
    ...fillIn(read),
    ...listeners(read, overrides),
    sslVerify: inherited?.sslVerify ?? { kind: 'default' as const },
    ca: fillInCa(read.ca, findPair(written, 'ca')?.keyPosition ?? position, reading),
    upstreamProxy: fillInUpstreamProxy(read.upstream_proxy, written, inherited?.sslVerify),
  };
  checkUpstreamProxy(settings, written, reading);
  return { settings, inherited, hosts: asMap(findPair(written, 'hosts'), 'hosts', reading) };
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

function listeners(
  { listen, admin }: z.output<typeof schema>,
  overrides: Overrides | undefined,
): Pick<Settings, 'listen' | 'admin'> {
  return {
    listen: [overrides?.listen ?? listen ?? DEFAULT_ADDRESSES.listen].flat(),
    admin: overrides?.admin ?? admin ?? DEFAULT_ADDRESSES.admin,
  };
}

function fillIn(
  written: z.output<typeof schema>,
): Omit<Settings, 'listen' | 'admin' | 'sslVerify' | 'ca' | 'upstreamProxy'> {
  const { timeouts, limits, log } = written;
  return {
    unlistedHosts: written.unlisted_hosts ?? 'pass',
    noProxy: written.no_proxy ?? [],
    allowRemoteClients: written.allow_remote_clients ?? false,
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

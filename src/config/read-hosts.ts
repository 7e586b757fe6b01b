import { checkHostKeys } from './check-keys.ts';
import type { HostEntry, HostPattern } from './config.ts';
import { substitute } from './environment.ts';
import { Fault } from './fault.ts';
import { parseHostPattern } from './hosts.ts';
import { positionOf } from './located.ts';
import type { Located, LocatedMap, LocatedPair } from './located.ts';
import type { Problem } from './problem.ts';
import { identityOf } from './identity.ts';
import { readMapping, unsetMessage } from './read-mapping.ts';
import type { Reading } from './read-mapping.ts';
import type { InheritedTrust } from './read-settings.ts';
import { readTrust } from './read-trust.ts';
import type { EntryTrust } from './read-trust.ts';
import { hostSettingsSchema } from './schema.ts';
import { DEFAULT_TLS } from './tls-settings.ts';

/** Reads `mcp_tls_sidecar.hosts`; entries that refuse the file are left out. */
export function readHosts(
  hosts: LocatedMap | undefined,
  inherited: InheritedTrust | undefined,
  reading: Reading,
): HostEntry[] {
  const seen = new Map<string, LocatedPair>();
  return (hosts?.pairs ?? []).flatMap((pair) => {
    const pattern = readPattern(pair, seen, reading);
    return pattern === undefined ? [] : (readHost(pair, pattern, inherited, reading) ?? []);
  });
}

function readPattern(
  pair: LocatedPair,
  seen: Map<string, LocatedPair>,
  { report }: Reading,
): HostPattern | undefined {
  const position = pair.keyPosition;
  const pattern = pair.keyIsText ? parseHostPattern(pair.key) : new Fault('is no host', 'put it in quotes');
  if (pattern instanceof Fault) {
    report.add({
      severity: 'error',
      position,
      message: `this key of hosts ${pattern.message}`,
      hint: pattern.hint,
    });
    return undefined;
  }
  if (pattern.host === 'unlisted' && !pattern.wildcard) {
    const message = 'the name unlisted is taken: metrics use it for hosts without an entry';
    report.add({ severity: 'error', position, message, hint: 'write the host with its domain' });
  }
  const identity = JSON.stringify(pattern);
  const first = seen.get(identity);
  if (first !== undefined) {
    const message = `this key of hosts is the same host as the one on line ${first.keyPosition.line}`;
    report.add({ severity: 'error', position, message, hint: 'keep one of the two' });
  }
  seen.set(identity, pair);
  return pattern;
}

function readHost(
  pair: LocatedPair,
  pattern: HostPattern,
  inherited: InheritedTrust | undefined,
  reading: Reading,
): HostEntry | undefined {
  let unset: Problem | undefined;
  // An entry may be one word, and that word a variable; inside a mapping they are replaced by its own reader.
  const value =
    pair.value.kind === 'map'
      ? pair.value
      : substitute(pair.value, reading.env, (variable, position) => {
          const hint = 'set it where the sidecar is started, or write the value here';
          const message = unsetMessage(variable, '');
          unset = reading.report.add({ severity: 'error', position, message, hint, entry: pair.key });
        });
  if (value?.kind === 'map') return readHostMap(pair, value, pattern, inherited, reading);
  const action = value === undefined ? 'deny' : actionOf(value);
  if (action === undefined) {
    const message = 'a host entry is neither a mapping, tunnel nor deny';
    const hint = 'write {ssl_verify: /path/to/ca.pem}, say, or tunnel, or deny';
    reading.report.add({ severity: 'error', position: positionOf(pair), message, hint });
    return undefined;
  }
  const trust = {
    sslVerify: { kind: 'default' as const },
    tls: DEFAULT_TLS,
    trustPosition: pair.keyPosition,
  };
  return makeEntry({ pair, pattern, action, trust, spoiledBy: unset });
}

function readHostMap(
  pair: LocatedPair,
  map: LocatedMap,
  pattern: HostPattern,
  inherited: InheritedTrust | undefined,
  reading: Reading,
): HostEntry | undefined {
  checkHostKeys(map, reading.report);
  const { value, spoiledBy } = readMapping(hostSettingsSchema, map, reading, pair.key);
  if (value === undefined) return undefined;
  const trust = readTrust({ what: `host ${pair.key}`, pair, map, isPlain: false }, value, inherited, reading);
  return makeEntry({ pair, pattern, action: 'verify', trust, spoiledBy });
}

function makeEntry(entry: {
  pair: LocatedPair;
  pattern: HostPattern;
  action: HostEntry['action'];
  trust: EntryTrust;
  spoiledBy: Problem | undefined;
}): HostEntry {
  const { action, pattern, spoiledBy, trust } = entry;
  const read = { kind: 'host' as const, name: entry.pair.key, action, pattern };
  const { sslVerify, tls } = trust;
  const identity = identityOf(entry.pair.value, { ...read, sslVerify, tls, spoiled: spoiledBy?.message });
  return { ...read, ...trust, identity, spoiledBy };
}

function actionOf(value: Located): 'tunnel' | 'deny' | undefined {
  if (value.kind !== 'scalar') return undefined;
  return value.value === 'tunnel' || value.value === 'deny' ? value.value : undefined;
}

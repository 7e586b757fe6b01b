import { checkServerKeys } from './check-keys.ts';
import { checkUpstream } from './check-upstream.ts';
import type { ServerEntry, Settings, Upstream } from './config.ts';
import { identityOf } from './identity.ts';
import { shownName } from './known-keys.ts';
import { findPair, isUnset } from './located.ts';
import type { LocatedMap, LocatedPair } from './located.ts';
import { readMapping } from './read-mapping.ts';
import type { Reading } from './read-mapping.ts';
import { PartReader } from './read-part.ts';
import type { InheritedTrust } from './read-settings.ts';
import { asMap } from './read-settings.ts';
import { readTrust } from './read-trust.ts';
import { serverSchema } from './schema.ts';
import type { ServerPart } from './server-part.ts';
import type { Steps } from './steps.ts';

const UNSET_UPSTREAM: Upstream = {
  protocol: 'https',
  authority: { host: 'unset.invalid', port: 443 },
  path: '/',
};

/** What entries are read against. */
export interface EntryContext {
  readonly inherited: InheritedTrust | undefined;
  readonly settings: Settings;
}

/** The same for all of `mcp_servers`: what it was parsed as, in the order of its pairs, or nothing. */
interface ServersContext extends EntryContext {
  readonly parts: readonly ServerPart[];
}

/** Reads `mcp_servers`; entries that refuse the file are left out. */
export function* readServers(
  root: LocatedMap,
  { parts, ...context }: ServersContext,
  reading: Reading,
): Steps<ServerEntry[]> {
  const servers = asMap(findPair(root, 'mcp_servers'), 'mcp_servers', reading);
  const reader = new PartReader(context.inherited, context.settings, reading);
  const entries: ServerEntry[] = [];
  for (const [index, pair] of (servers?.pairs ?? []).entries()) {
    const read = () => readServer(pair, context, reading);
    const part = parts[index];
    const entry = part === undefined ? read() : reader.read(part, read);
    if (entry !== undefined) entries.push(entry);
    yield;
  }
  return entries;
}

function readServer(pair: LocatedPair, context: EntryContext, reading: Reading): ServerEntry | undefined {
  const name = pair.key;
  const map = asServerMap(pair, reading);
  if (map === undefined || isNotOurs(map)) return undefined;
  const hasBaseUrl = checkName(pair, reading);
  checkServerKeys(map, reading.report);
  const { value, spoiledBy } = readMapping(serverSchema, map, reading, name);
  if (value === undefined) return undefined;
  const upstream = value.tls?.upstream_url ?? value.url ?? undefined;
  if (upstream === undefined && spoiledBy === undefined) {
    reportNoUrl(pair, reading);
    return undefined;
  }
  checkUpstream({ value, map, pair, isSpoiled: spoiledBy !== undefined }, context.settings, reading.report);
  const trust = readTrust(
    { what: `server ${shownName(name)}`, pair, map, isPlain: upstream?.protocol === 'http' },
    value,
    context.inherited,
    reading,
  );
  const entry = {
    kind: 'server' as const,
    name,
    hasBaseUrl,
    upstream: upstream ?? UNSET_UPSTREAM,
    hasUpstreamUrl: value.tls?.upstream_url !== undefined,
  };
  const { sslVerify, tls } = trust;
  const identity = identityOf(map, { ...entry, sslVerify, tls, spoiled: spoiledBy?.message });
  return { ...entry, ...trust, identity, spoiledBy };
}

function asServerMap(pair: LocatedPair, { report }: Reading): LocatedMap | undefined {
  const position = pair.keyPosition;
  if (!pair.keyIsText) {
    const message = "a server's name is no text: YAML reads it as a number, a boolean or null";
    report.add({ severity: 'error', position, message, hint: 'put the name in quotes' });
  } else if (pair.value.kind === 'map') return pair.value;
  else {
    const hint = 'write its keys below it, each indented on a line of its own; url is the least';
    report.add({ severity: 'error', position, message: `server ${shownName(pair.key)} is no mapping`, hint });
  }
  return undefined;
}

/** A local command has no TLS; an OpenAPI server without a URL is LiteLLM's alone. */
function isNotOurs(map: LocatedMap): boolean {
  const has = (key: string): boolean => !isUnset(findPair(map, key)?.value);
  const transport = findPair(map, 'transport')?.value;
  if (transport?.kind === 'scalar' && transport.value === 'stdio') return true;
  if (has('url')) return false;
  return !has('tls') && (has('command') || (has('spec_path') && !has('ssl_verify')));
}

function checkName({ key, keyPosition: position }: LocatedPair, { report }: Reading): boolean {
  if (key === 'unlisted') {
    const message = 'the name unlisted is taken: metrics use it for hosts without an entry';
    report.add({ severity: 'error', position, message, hint: 'give the server another name' });
  }
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(key)) return true;
  const message = `server ${shownName(key)} has no base URL: its name does not fit a URL path`;
  const hint = 'use letters, digits, dots, - and _ only, or reach it through HTTP_PROXY';
  report.add({ severity: 'warning', position, message, hint });
  return false;
}

function reportNoUrl({ key, keyPosition }: LocatedPair, { report }: Reading): void {
  const message = `server ${shownName(key)} has no url`;
  report.add({ severity: 'error', position: keyPosition, message, hint: 'write url: https://host/path' });
}

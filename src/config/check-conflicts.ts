import { formatAuthority } from '../authority.ts';
import type { HostEntry, Position, ServerEntry } from './config.ts';
import { shownName } from './known-keys.ts';
import type { Report } from './report.ts';
import type { Steps } from './steps.ts';

/**
 * Spoils servers of one authority that do not agree how it is to be verified: in absolute form nobody could tell
 * whose policy is meant.
 *
 * @param keyOf where an entry's key stands
 */
export function* spoilConflicts(
  servers: readonly ServerEntry[],
  keyOf: (name: string) => Position | undefined,
  report: Report,
): Steps<ServerEntry[]> {
  // What an entry that is spoiled already would have said is not known.
  const sound = servers.filter(({ spoiledBy }) => spoiledBy === undefined);
  const others = yield* indexOthers(sound);
  // Most configurations have none.
  if (others === undefined) return [...servers];
  return servers.map((server) => {
    const other = server.spoiledBy === undefined ? others(server) : undefined;
    if (other === undefined) return server;
    const conflict = conflictOf(server, other);
    const spoiledBy = report.add({
      severity: 'error',
      position: keyOf(server.name) ?? server.trustPosition,
      ...conflict,
      entry: server.name,
    });
    return { ...server, spoiledBy };
  });
}

/** Refuses a host entry that has the name of a server: both are one metric label. */
export function checkNames(
  servers: readonly ServerEntry[],
  hosts: readonly HostEntry[],
  keyOf: (name: string) => Position | undefined,
  report: Report,
): void {
  const names = new Set(servers.map(({ name }) => name));
  for (const { name } of hosts.filter((host) => names.has(host.name))) {
    const message = `host entry ${name} has the name of a server, and metrics could not tell them apart`;
    report.add({ severity: 'error', position: keyOf(name), message, hint: 'give the server another name' });
  }
}

/** The first in the file that has the authority of a server and does not agree with it. */
function* indexOthers(
  servers: readonly ServerEntry[],
): Steps<((server: ServerEntry) => ServerEntry | undefined) | undefined> {
  const byAuthority = new Map<string, ServerEntry[]>();
  for (const server of servers) {
    const authority = formatAuthority(server.upstream.authority);
    const same = byAuthority.get(authority);
    if (same === undefined) byAuthority.set(authority, [server]);
    else same.push(server);
    yield;
  }
  // Thousands may share an authority: of each only two are of interest, the first and the first that differs from it.
  const firsts = new Map<string, { first: ServerEntry; agreement: string; differing: ServerEntry }>();
  for (const [authority, [first, ...rest]] of byAuthority) {
    if (first === undefined || rest.length === 0) continue;
    const agreement = agreementOf(first);
    const differing = rest.find((one) => agreementOf(one) !== agreement);
    if (differing !== undefined) firsts.set(authority, { first, agreement, differing });
    yield;
  }
  if (firsts.size === 0) return undefined;
  return (server) => {
    const found = firsts.get(formatAuthority(server.upstream.authority));
    if (found === undefined) return undefined;
    return agreementOf(server) === found.agreement ? found.differing : found.first;
  };
}

/** What servers of one authority have to agree in; without TLS there is nothing else. */
function agreementOf(server: ServerEntry): string {
  return server.upstream.protocol === 'http' ? 'http' : policyOf(server);
}

function conflictOf(server: ServerEntry, other: ServerEntry): { message: string; hint: string } {
  const names = `${shownName(server.name)} and ${shownName(other.name)}`;
  if (other.upstream.protocol !== server.upstream.protocol)
    return {
      message: `servers ${names} name one host and port, once as http and once as https`,
      hint: 'write the scheme that the host speaks on that port in both',
    };
  return {
    message: `servers ${names} name one host and port with different ssl_verify or tls`,
    hint: 'give both the same ssl_verify and the same keys of tls; only upstream_url may differ',
  };
}

/** In one order of keys, that of `fillInTls`; a moment is the same in whatever zone it is written. */
function policyOf({ sslVerify, tls }: ServerEntry): string {
  const { pins, insecureUntil } = tls;
  return JSON.stringify([sslVerify, { ...tls, pins: pins.toSorted(), insecureUntil: insecureUntil?.atMs }]);
}

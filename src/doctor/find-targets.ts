import { formatAuthority, parseAuthority, type Authority } from '../authority.ts';
import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { DEFAULT_TLS } from '../config/tls-settings.ts';
import { Failure } from '../failure.ts';
import { decideByAuthority, decideByName, unlisted, type Decision, type Way } from '../policy/decide.ts';
import { buildSnapshot } from '../snapshot/build-snapshot.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Subject } from './evidence.ts';

/** What is to be looked at, and how `serve` would reach it. */
export interface Target {
  readonly subject: Subject;
  readonly way: Way | Failure;
  /** Of the URL that was given: sent, and never shown. */
  readonly query: string;
}

/** An argument that names nothing that could be dialled. */
export class TargetFault extends Error {}

/** A target as it was written. */
interface Wanted {
  readonly label: string;
  readonly server: ServerEntry | undefined;
  readonly authority: Authority;
  readonly protocol: 'https' | 'http';
  readonly path: string;
  readonly query: string;
  readonly notes: readonly string[];
}

/**
 * Finds out what is meant, a server's name before a URL before a host, and how it is reached.
 *
 * @param names none: all servers of the configuration
 * @throws TargetFault
 */
export async function findTargets(
  names: readonly string[],
  snapshot: Snapshot,
  env: NodeJS.ProcessEnv,
): Promise<Target[]> {
  const { servers } = snapshot.config;
  const wanted =
    names.length === 0 ? servers.map((one) => ofServer(one)) : names.map((name) => read(name, snapshot));
  const strangers = wanted.filter((one) => isStranger(one, snapshot));
  const stranded =
    strangers.length === 0
      ? undefined
      : await buildSnapshot({ ...withHosts(snapshot.config, strangers), env, previous: undefined });
  return wanted.map((one) =>
    stranded !== undefined && strangers.includes(one)
      ? ofStranger(one, snapshot, stranded)
      : ofListed(one, snapshot),
  );
}

function ofServer(server: ServerEntry, label = server.name): Wanted {
  return { label, server, ...server.upstream, query: '', notes: [] };
}

function read(text: string, snapshot: Snapshot): Wanted {
  const named = snapshot.config.servers.find(({ name }) => name === text);
  if (named !== undefined) return ofServer(named);
  return text.includes('://') ? readUrl(text) : readHost(text, snapshot);
}

function readUrl(text: string): Wanted {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const protocol = url?.protocol === 'https:' ? 'https' : url?.protocol === 'http:' ? 'http' : undefined;
  // What is in it may be a secret: the words name none of it.
  if (url === undefined || protocol === undefined)
    throw new TargetFault('a URL here begins with https:// or http://');
  if (url.username !== '' || url.password !== '')
    throw new TargetFault('a URL with user and password is not taken: doctor sends no credentials');
  const authority = parseAuthority(url.host, protocol === 'https' ? 443 : 80);
  if (authority === undefined) throw new TargetFault(`the host of ${url.origin} is none`);
  const label = `${url.origin}${url.pathname}`;
  return { label, server: undefined, authority, protocol, path: url.pathname, query: url.search, notes: [] };
}

function readHost(text: string, { table }: Snapshot): Wanted {
  const written = parseAuthority(text);
  const host = written?.host ?? parseAuthority(text, 443)?.host;
  if (host === undefined)
    throw new TargetFault(`"${text}" is no server of the configuration, no URL and no HOST[:PORT]`);
  const ports = table.httpsPorts(host);
  const authority = written ?? { host, port: ports.includes(443) ? 443 : (ports[0] ?? 443) };
  const entry = table.find(authority)[0]?.entry;
  const looksLikeName =
    written === undefined &&
    entry === undefined &&
    !host.includes('.') &&
    host !== 'localhost' &&
    !host.includes(':');
  return {
    label: text,
    server: undefined,
    authority,
    protocol: entry?.kind === 'server' ? entry.upstream.protocol : 'https',
    path: entry?.kind === 'server' ? entry.upstream.path : '/',
    query: '',
    notes: looksLikeName ? [`no server of the configuration has this name: it is taken for a host`] : [],
  };
}

/** Whether no entry says how its TLS is verified. Plain http goes by the table in any case. */
function isStranger({ server, authority, protocol }: Wanted, { table }: Snapshot): boolean {
  if (server !== undefined || protocol === 'http') return false;
  const entry = table.find(authority)[0]?.entry;
  return entry === undefined || (entry.kind === 'host' && entry.action === 'tunnel');
}

/** A configuration with entries for hosts that have none, by what is inherited. */
function withHosts(config: Config, strangers: readonly Wanted[]): { config: Config } {
  const hosts = strangers.map(({ authority }): HostEntry => {
    const name = formatAuthority(authority);
    return {
      kind: 'host',
      name,
      action: 'verify',
      pattern: { ...authority, wildcard: false, portWritten: true },
      sslVerify: config.settings.sslVerify,
      tls: DEFAULT_TLS,
      identity: name,
      trustPosition: { line: 1, column: 1 },
      spoiledBy: undefined,
    };
  });
  return { config: { ...config, servers: [], hosts } };
}

function ofStranger(wanted: Wanted, snapshot: Snapshot, stranded: Snapshot): Target {
  const { authority, path, query } = wanted;
  const { settings } = snapshot.config;
  const decision = decideByAuthority(stranded.rules, authority, { path, secure: true });
  const tunnel = snapshot.table.find(authority).length > 0;
  const denied = settings.unlistedHosts === 'deny' ? 'the sidecar denies it' : 'it passes as a blind tunnel';
  const notes = [
    ...wanted.notes,
    tunnel
      ? 'its entry says tunnel: the sidecar does not look inside; verified here as a host without an entry'
      : `no entry lists it (${denied}): verified by ${settings.sslVerify.kind === 'default' ? 'the default trust' : 'mcp_tls_sidecar.ssl_verify'}`,
  ];
  const subject = subjectOf(wanted, undefined, { ...sharedBy(snapshot), notes });
  const way = wayOf(decision, stranded);
  // An address that is prohibited stays so: the entry was not written by anybody.
  return { subject, query, way: way instanceof Failure ? way : { ...way, server: unlisted, listed: tunnel } };
}

function ofListed(wanted: Wanted, snapshot: Snapshot): Target {
  const { server, authority, protocol, path, query, notes } = wanted;
  const decision =
    server?.hasBaseUrl === true
      ? decideByName(snapshot.rules, server.name)
      : decideByAuthority(snapshot.rules, authority, { path, secure: protocol === 'https' });
  const way = wayOf(decision, snapshot);
  const entry = server ?? snapshot.table.entries.find((one) => one.entry.name === decision.server)?.entry;
  const reached =
    way instanceof Failure
      ? wanted
      : {
          ...wanted,
          authority: way.authority,
          protocol: way.policy === undefined ? ('http' as const) : ('https' as const),
        };
  const sslVerify = entry?.sslVerify ?? snapshot.config.settings.sslVerify;
  return { subject: subjectOf(reached, entry, { ...sharedBy(snapshot), sslVerify, notes }), query, way };
}

function subjectOf(
  { label, authority, protocol, path }: Wanted,
  entry: ServerEntry | HostEntry | undefined,
  more: Pick<Subject, 'sslVerify' | 'listen' | 'notes'>,
): Subject {
  return { label, authority, protocol, path, entry, ...more };
}

function sharedBy({ config: { settings } }: Snapshot): Pick<Subject, 'sslVerify' | 'listen'> {
  return { sslVerify: settings.sslVerify, listen: settings.listen[0] ?? { host: '127.0.0.1', port: 8921 } };
}

/** A refusal by the configuration says what its problem says. */
function wayOf(decision: Decision, { problems }: Snapshot): Way | Failure {
  if (decision.kind !== 'refuse') return decision;
  const { failure, server } = decision;
  const problem = problems.find(({ severity, entry }) => severity === 'error' && entry === server);
  if (failure.reason !== 'configuration_unusable' || problem === undefined) return failure;
  return new Failure(failure.reason, failure.phase, undefined, {
    sentence: problem.message,
    hint: problem.hint,
  });
}

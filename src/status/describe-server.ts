import { formatAuthority, formatHostHeader, type Authority } from '../authority.ts';
import type { HostEntry, ServerEntry } from '../config/config.ts';
import { describeProblem } from '../config/problem.ts';
import { diagnose } from '../doctor/diagnose.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import type { Answer, Evidence, Subject } from '../doctor/evidence.ts';
import { describeChain } from '../doctor/render-json.ts';
import { showChain } from '../doctor/report.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import { complaintOf } from '../upstream/tls-complaint.ts';
import type { ServerSource } from './describe-status.ts';
import { describePolicy } from './describe-policy.ts';
import type { Sighting } from './sightings.ts';
import type { ServerStatus } from './status-document.ts';
import { iso } from './times.ts';

/** One entry of the configuration, what was seen of it, and what that means. Pure. */
export function describeServer(compiled: CompiledEntry, source: ServerSource): ServerStatus {
  const { entry } = compiled;
  const { name } = entry;
  const { state } = inForce(compiled);
  const seen = source.sightings.of(name);
  const evidence = evidenceOf(compiled, seen, source);
  const diagnosis = evidence && diagnose(evidence);
  const problems = source.problemsOf.get(name) ?? [];
  return {
    name,
    kind: entry.kind,
    address: addressOf(entry),
    state,
    health: healthOf(compiled, seen, diagnosis),
    policy: describePolicy(compiled),
    problems: problems.map(describeProblem),
    last_handshake:
      seen?.lastHandshake === undefined
        ? null
        : { at: iso(seen.lastHandshake.atMs), resumed: seen.lastHandshake.resumed },
    last_failure: describeFailureSeen(seen),
    diagnosis: diagnosis === undefined ? null : { ...diagnosis, fault: diagnosis.fault ?? null },
    chain: (evidence && describeChain(showChain(evidence))) ?? null,
    open_streams: source.openStreams.get(name) ?? 0,
    open_connections: source.openConnections.get(name) ?? 0,
  };
}

/** The last failure in the words of `/api/servers`. */
export function describeFailureSeen(seen: Sighting | undefined): ServerStatus['last_failure'] {
  if (seen?.lastFailure === undefined) return null;
  const { atMs, failure } = seen.lastFailure;
  const { reason, phase, sentence, hint } = failure;
  return { at: iso(atMs), reason, phase, sentence, hint, is_current: seen.isFailing };
}

function healthOf(
  compiled: CompiledEntry,
  seen: Sighting | undefined,
  diagnosis: Diagnosis | undefined,
): ServerStatus['health'] {
  const { state, policy } = inForce(compiled);
  if (state === 'unusable' || seen?.isFailing === true) return 'failing';
  if (state === 'stale' || policy?.verify === false) return 'warning';
  if (diagnosis?.fault !== undefined) return 'warning';
  return seen?.isReached === true ? 'good' : 'unknown';
}

function addressOf(entry: ServerEntry | HostEntry): string {
  if (entry.kind === 'host') {
    const { host, port, wildcard } = entry.pattern;
    return wildcard ? `*.${host}:${port}` : formatAuthority({ host, port });
  }
  const { protocol, authority } = entry.upstream;
  return `${protocol}://${formatHostHeader(authority, protocol)}`;
}

/** What there is to reason from: the failure if it is current, else the chain that was used last. */
function evidenceOf(
  compiled: CompiledEntry,
  seen: Sighting | undefined,
  { snapshot, bundles, nowMs }: ServerSource,
): Evidence | undefined {
  if (seen === undefined) return undefined;
  const { lastChain } = seen;
  const failing = seen.isFailing ? seen.lastFailure : undefined;
  const authority = failing?.authority ?? lastChain?.authority ?? authorityOf(compiled.entry);
  if (authority === undefined || (failing === undefined && lastChain === undefined)) return undefined;
  const failure = failing?.failure;
  return {
    subject: subjectOf(compiled.entry, authority, snapshot.config.settings.listen[0]),
    nowMs,
    failure,
    complaint: failure?.phase === 'handshake' ? complaintOf(failure.cause) : undefined,
    policy: inForce(compiled).policy,
    throughProxy: false,
    addresses: [],
    connected: undefined,
    presented: failing === undefined ? (lastChain?.presented ?? []) : failing.presented,
    hidden: failing === undefined ? lastChain?.hidden : undefined,
    lenient: undefined,
    wantsClientCertificate: false,
    isOverheard: true,
    bundles,
    http: notAsked,
    mcp: undefined,
  };
}

const notAsked: Answer = { kind: 'skipped', words: 'not asked' };

function authorityOf(entry: ServerEntry | HostEntry): Authority | undefined {
  if (entry.kind === 'server') return entry.upstream.authority;
  return entry.pattern.wildcard ? undefined : entry.pattern;
}

function subjectOf(
  entry: ServerEntry | HostEntry,
  authority: Authority,
  listen: Subject['listen'] = { host: '127.0.0.1', port: 8921 },
): Subject {
  const { protocol, path } =
    entry.kind === 'server' ? entry.upstream : ({ protocol: 'https', path: '/' } as const);
  return {
    label: entry.name,
    authority,
    protocol,
    path,
    entry,
    sslVerify: entry.sslVerify,
    listen,
    notes: [],
  };
}

import path from 'node:path';
import { describeProblem, type Problem } from '../config/problem.ts';
import { bundlesAtHand } from '../doctor/bundles-at-hand.ts';
import type { NamedBundle } from '../doctor/evidence.ts';
import { unlisted } from '../policy/decide.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { describeFailureSeen, describeServer } from './describe-server.ts';
import type { Sightings } from './sightings.ts';
import type { StatusDocument } from './status-document.ts';
import { iso, isoOrNull } from './times.ts';

/** How the last load of the configuration ended. Times are Unix milliseconds. */
export interface LastLoad {
  readonly atMs: number;
  readonly failed: boolean;
  /** Nothing of it is in force: what was loaded before stays. */
  readonly refused: boolean;
  readonly problems: readonly Problem[];
  /** When one last had no error; undefined: never since the start. */
  readonly lastSuccessMs: number | undefined;
  /** Of the load that made what is in force: where the last one was refused, entries are still as that one left them. */
  readonly problemsInForce: readonly Problem[];
}

/** All that the status is told from. */
export interface StatusSource {
  readonly version: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly isReady: boolean;
  readonly snapshot: Snapshot;
  readonly load: LastLoad;
  readonly localCa: {
    readonly bundle: string;
    readonly notAfterMs: number | undefined;
    readonly fault: string | undefined;
  };
  readonly sightings: Pick<Sightings, 'of'>;
  /** By metric label. */
  readonly openStreams: ReadonlyMap<string, number>;
  readonly openConnections: ReadonlyMap<string, number>;
}

/** What is told of every server is told with these. */
export interface ServerSource extends StatusSource {
  readonly bundles: readonly NamedBundle[];
  readonly problemsOf: ReadonlyMap<string, readonly Problem[]>;
}

/** The state of everything, in the words of `/api/servers`. Pure, the working directory aside. */
export function describeStatus(source: StatusSource): StatusDocument {
  const { snapshot, load, localCa, sightings } = source;
  const serverSource = {
    ...source,
    bundles: bundlesAtHand(snapshot),
    problemsOf: byEntry(load.problemsInForce),
  };
  const { config, table, rules } = snapshot;
  const { unlistedHosts } = rules;
  return {
    version: source.version,
    started_at: iso(source.startedMs),
    ready: source.isReady,
    configuration: {
      // Whoever reads it does not know where this was started.
      file: config.file === undefined ? null : path.resolve(config.file),
      sha256: config.sha256,
      last_success_at: isoOrNull(load.lastSuccessMs),
      last_load: {
        at: iso(load.atMs),
        result: load.failed ? 'failure' : 'success',
        refused: load.refused,
        problems: load.problems.map(describeProblem),
      },
    },
    local_ca: {
      bundle: localCa.bundle,
      not_after: isoOrNull(localCa.notAfterMs),
      problem: localCa.fault ?? null,
    },
    servers: table.entries.map((compiled) => describeServer(compiled, serverSource)),
    unlisted: {
      policy:
        unlistedHosts === 'pass'
          ? 'a CONNECT to a host without an entry passes as a blind tunnel'
          : 'hosts without an entry are denied',
      last_failure: describeFailureSeen(sightings.of(unlisted)),
      open_streams: source.openStreams.get(unlisted) ?? 0,
      open_connections: source.openConnections.get(unlisted) ?? 0,
    },
  };
}

function byEntry(problems: readonly Problem[]): ReadonlyMap<string, Problem[]> {
  const found = new Map<string, Problem[]>();
  for (const problem of problems) {
    if (problem.entry === undefined) continue;
    found.set(problem.entry, [...(found.get(problem.entry) ?? []), problem]);
  }
  return found;
}

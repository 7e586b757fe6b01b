import { randomBytes } from 'node:crypto';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { createAddressGuard } from '../upstream/prohibited-address.ts';
import { createLookup, type Lookup } from '../upstream/resolve.ts';
import { bundlesAtHand } from './bundles-at-hand.ts';
import type { Evidence } from './evidence.ts';
import { examine, type ExamineOptions } from './examine.ts';
import { findTargets } from './find-targets.ts';

/** What a doctor is called with. */
export interface DoctorOptions {
  readonly names: readonly string[];
  readonly snapshot: Snapshot;
  readonly env: NodeJS.ProcessEnv;
  readonly mcp: boolean;
  readonly wantsChain: boolean;
  /** For all that is done about one target. */
  readonly budgetMs: number;
  /** In place of the system's resolver: tests name hosts without DNS. */
  readonly lookup?: Lookup;
}

/** So many targets at a time: each has 10 s, and two of them on a slow machine should not make each other late. */
const concurrency = 4;

/**
 * Examines every target; the order is that of the names.
 *
 * @throws TargetFault
 */
export async function runDoctor(options: DoctorOptions): Promise<Evidence[]> {
  const { names, snapshot, env } = options;
  const targets = await findTargets(names, snapshot, env);
  const shared = examineOptions(options);
  const found: Evidence[] = [];
  const queue = targets.entries();
  const work = async () => {
    for (const [index, target] of queue) found[index] = await examine(target, shared);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return found;
}

function examineOptions({
  snapshot,
  mcp,
  wantsChain,
  budgetMs,
  lookup = createLookup(),
}: DoctorOptions): ExamineOptions {
  const { timeouts, limits, listen, admin } = snapshot.config.settings;
  // As `serve` refuses to dial itself, on the ports where it would listen.
  const ports = [...listen, admin].map(({ port }) => port).filter((port) => port !== 0);
  return {
    lookup,
    guard: createAddressGuard(() => ports),
    via: `mcp-tls-sidecar-${randomBytes(4).toString('hex')}`,
    dialMs: timeouts.dialMs,
    headerBytes: limits.headerBytes,
    bundles: bundlesAtHand(snapshot),
    budgetMs,
    mcp,
    wantsChain,
  };
}

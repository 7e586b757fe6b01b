import { problemAt } from '../config/problem-at.ts';
import type { Problem } from '../config/problem.ts';
import type { Steps } from '../config/steps.ts';
import type { Policy } from '../policy/policy.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { notAfterOf } from '../trust/certificate-facts.ts';
import { findStrictDefects } from '../trust/strict-defects.ts';
import type { SeenChain } from '../upstream/chains-seen.ts';
import { spkiPin } from '../upstream/judge-peer.ts';
import { chainUnder } from '../upstream/peer-chain.ts';

/**
 * Tries the policies of a snapshot that is not in force yet on what their servers last presented: a warning for each
 * that would be refused. It blocks nothing: the servers may be about to change too.
 */
export function* rehearse(next: Snapshot, before: Snapshot, seen: readonly SeenChain[]): Steps<Problem[]> {
  const problems = new Map<string, Problem>();
  const names = new Set(seen.map(({ server }) => server));
  const [nextNamed, beforeNamed] = [entriesNamed(next, names), entriesNamed(before, names)];
  for (const chain of seen) {
    yield;
    const compiled = nextNamed.get(chain.server);
    const policy = policyOf(compiled);
    if (compiled === undefined || policy?.verify !== true || problems.has(chain.server)) continue;
    if (policyOf(beforeNamed.get(chain.server))?.key === policy.key) continue;
    const fault = wouldFail(policy, chain);
    if (fault === undefined) continue;
    const { entry } = compiled;
    // Verified it is all the same: by what holds after insecure_until.
    const key = entry.sslVerify.kind === 'off' ? 'tls.verify_with' : 'ssl_verify';
    const problem = problemAt(next.config, {
      severity: 'warning',
      position: entry.trustPosition,
      message: `${key} of ${entry.name}: what the server last presented would be refused now: ${fault}`,
      hint: 'compare the new bundle with the chain of the server; connections that stand go on',
      entry: entry.name,
    });
    problems.set(chain.server, problem);
  }
  return [...problems.values()];
}

function entriesNamed({ table }: Snapshot, names: ReadonlySet<string>): Map<string, CompiledEntry> {
  const named = table.entries.filter(({ entry }) => names.has(entry.name));
  return new Map(named.map((compiled) => [compiled.entry.name, compiled]));
}

const policyOf = (compiled: CompiledEntry | undefined): Policy | undefined =>
  compiled && inForce(compiled).policy;

function wouldFail({ bundle, pins, strict }: Policy, { presented }: SeenChain): string | undefined {
  const chain = bundle === undefined ? undefined : chainUnder(bundle, presented);
  if (chain?.isAnchored !== true) return 'it does not lead to a certificate of the bundle';
  const nowMs = Date.now();
  if (chain.certificates.some((one) => notAfterOf(one).getTime() < nowMs))
    return 'a certificate on the way to the bundle has expired';
  const [leaf] = chain.certificates;
  if (pins.size > 0 && leaf !== undefined && !pins.has(spkiPin(leaf))) return 'its key is not pinned';
  const [defect] = strict ? findStrictDefects(chain.certificates) : [];
  return defect && `strict rules refuse it for ${defect.defect}`;
}

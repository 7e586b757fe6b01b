import type { X509Certificate } from 'node:crypto';
import { checkServerIdentity } from 'node:tls';
import { isSelfSigned } from '../trust/build-chain.ts';
import { isCertificateFor } from '../trust/verify-identity.ts';
import type { FailureReason } from '../failure.ts';
import { altNames } from './certificate-words.ts';
import { chainOf, roleOf, strictDefectsOf } from './chain-view.ts';
import { defectWords } from './defect-words.ts';
import { certificateReason, identityOf, type Evidence } from './evidence.ts';

/** What a client makes of the same chain with the same bundle. */
export interface ClientVerdict {
  readonly client: 'Python 3.13' | 'curl' | 'Node' | 'this sidecar';
  readonly accepts: boolean;
  /** Why not; empty where it accepts. */
  readonly why: string;
}

/**
 * The verdicts of clients that were given the bundle of the target as their only trust. They share OpenSSL's own
 * verdict and differ by what they ask of it: Python sets X509_V_FLAG_X509_STRICT, Node does not set
 * X509_V_FLAG_PARTIAL_CHAIN, and names are judged by three different pieces of code.
 *
 * @returns none where the server showed no certificate
 */
export function judgeByClients(evidence: Evidence): ClientVerdict[] {
  const { presented, policy } = evidence;
  const [leaf] = presented;
  const reason = certificateReason(evidence);
  if (leaf === undefined || policy === undefined) return [];
  // Of the sidecar alone.
  const shared = reason === 'tls_cert_pin_mismatch' || reason === 'tls_cert_strict' ? undefined : reason;
  const chainFault = shared === 'tls_cert_name_mismatch' ? undefined : shared;
  return [
    verdict('Python 3.13', byPython(evidence, shared)),
    verdict('curl', chainFault ?? byCurl(leaf, identityOf(evidence))),
    verdict('Node', chainFault ?? byNode(evidence, leaf)),
    verdict('this sidecar', policy.verify ? reason : undefined),
  ];
}

function verdict(client: ClientVerdict['client'], fault: string | undefined): ClientVerdict {
  return { client, accepts: fault === undefined, why: fault ?? '' };
}

function byPython(evidence: Evidence, shared: FailureReason | undefined): string | undefined {
  const chain = chainOf(evidence);
  const [defect] = strictDefectsOf(evidence);
  if (shared !== undefined && shared !== 'tls_cert_name_mismatch') return shared;
  if (defect === undefined || chain === undefined) return shared;
  return `${defectWords[defect.defect].error} (${roleOf(chain, defect.position)}); no CA setting cures it`;
}

const nameFault = 'tls_cert_name_mismatch';

/** curl compares names itself (lib/vtls/hostcheck.c): it takes a wildcard with one label behind it. */
function byCurl(leaf: X509Certificate, name: string): string | undefined {
  if (isCertificateFor(leaf, name)) return undefined;
  const [, parent = ''] = /^[^.]+\.([^.]+)$/.exec(name) ?? [];
  return parent !== '' && altNames(leaf).includes(`*.${parent}`) ? undefined : nameFault;
}

function byNode(evidence: Evidence, leaf: X509Certificate): string | undefined {
  const root = chainOf(evidence)?.certificates.at(-1);
  if (root !== undefined && !reachesRoot(root, evidence.policy?.bundle?.certificates ?? []))
    return 'the bundle ends at an intermediate: Node wants a self-signed root in it';
  return checkServerIdentity(identityOf(evidence), leaf.toLegacyObject()) === undefined
    ? undefined
    : nameFault;
}

/** Whether the bundle itself leads on from one of its certificates to a self-signed one. */
function reachesRoot(anchor: X509Certificate, bundle: readonly X509Certificate[]): boolean {
  let last: X509Certificate | undefined = anchor;
  for (let step = 0; step < 10 && last !== undefined; step++) {
    const child: X509Certificate = last;
    if (isSelfSigned(child)) return true;
    last = bundle.find((one) => child.checkIssued(one) && child.verify(one.publicKey));
  }
  return false;
}

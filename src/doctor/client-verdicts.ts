import type { X509Certificate } from 'node:crypto';
import { checkServerIdentity } from 'node:tls';
import { factsOf } from '../trust/certificate-facts.ts';
import { isCertificateFor } from '../trust/verify-identity.ts';
import type { FailureReason } from '../failure.ts';
import { chainOf, roleOf, strictDefectsOf } from './chain-view.ts';
import { defectWords, isOfOpenssl4 } from './defect-words.ts';
import { forbidsNames } from './name-constraints.ts';
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
  const defect = strictDefectsOf(evidence).find((one) => !isOfOpenssl4(one));
  if (shared !== undefined && shared !== 'tls_cert_name_mismatch') return shared;
  if (defect === undefined || chain === undefined) return shared;
  return `${defectWords[defect.defect].error} (${roleOf(chain, defect.position)}); naming the CA does not cure it`;
}

const nameFault = 'tls_cert_name_mismatch';

/**
 * curl compares names itself (lib/vtls/hostcheck.c) and takes the common name for an address, too; and it wants an
 * issuer that has a name (lib/vtls/openssl.c).
 */
function byCurl(leaf: X509Certificate, name: string): string | undefined {
  if (factsOf(leaf)?.isIssuerEmpty === true) return 'the issuer of the certificate has no name';
  if (isCertificateFor(leaf, name)) return undefined;
  const isCommonName = leaf.subjectAltName === undefined && leaf.subject.split('\n').includes(`CN=${name}`);
  return isCommonName ? undefined : nameFault;
}

/** Node goes on from an anchor to the root, which has to be in the bundle, and is bound by its constraints. */
function byNode(evidence: Evidence, leaf: X509Certificate): string | undefined {
  const anchor = chainOf(evidence)?.certificates.at(-1);
  const beyond = anchor === undefined ? [] : pathToRoot(anchor, evidence.policy?.bundle?.certificates ?? []);
  if (beyond === undefined) return 'the bundle ends before the root: Node wants a self-signed one in it';
  if (beyond.some((one) => forbidsNames(one, leaf)))
    return 'the root in the bundle may not certify this name';
  return checkServerIdentity(identityOf(evidence), leaf.toLegacyObject()) === undefined
    ? undefined
    : nameFault;
}

/** The certificates of a bundle from an anchor up to a self-signed one; undefined where there is none. */
function pathToRoot(
  anchor: X509Certificate,
  bundle: readonly X509Certificate[],
): X509Certificate[] | undefined {
  const path: X509Certificate[] = [];
  let last: X509Certificate | undefined = anchor;
  while (last !== undefined && path.length < 20) {
    const child: X509Certificate = last;
    // As OpenSSL sees it (EXFLAG_SS): nobody asks for the signature of an anchor.
    if (child.subject === child.issuer) return path;
    last = bundle.find((one) => child.checkIssued(one) && child.verify(one.publicKey));
    if (last !== undefined) path.push(last);
  }
  return undefined;
}

import type { X509Certificate } from 'node:crypto';
import { formatAuthority } from '../authority.ts';
import type { FailureReason } from '../failure.ts';
import { fingerprintOf, notAfterOf, notBeforeOf } from '../trust/certificate-facts.ts';
import type { Cause, Fault } from './cause.ts';
import {
  altNames,
  daysLeft,
  distinguishedName,
  issuerNameOf,
  issuerUrl,
  nameOf,
  timeOf,
} from './certificate-words.ts';
import { chainOf, judgeBundles } from './chain-view.ts';
import { clean } from './clean.ts';
import { judgeByClients, type ClientVerdict } from './client-verdicts.ts';
import { diagnose } from './diagnose.ts';
import { certificateReason, type Evidence } from './evidence.ts';
import { urlOf, type Remedy } from './remedy.ts';
import { judgeSteps, type Step } from './steps.ts';

/** A certificate of the chain, in plain values. */
export interface ShownCertificate {
  readonly name: string;
  readonly subject: string;
  readonly issuer: string;
  readonly issuerName: string;
  readonly names: readonly string[];
  /** Undefined where the date cannot be read; so are those that follow. */
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
  readonly daysLeft: number | undefined;
  readonly isNotYetValid: boolean;
  readonly fingerprintSha256: string;
  /** Whether the server sent it; one of the bundle may have been sent besides. */
  readonly from: 'server' | 'bundle';
  /** Where its issuer's certificate can be had, by its own word. */
  readonly issuerUrl: string | undefined;
}

/** What is told about one target: plain values, ready for any rendering. */
export interface Report {
  readonly target: string;
  readonly url: string;
  readonly authority: string;
  /** The entry by which it goes; undefined: none. */
  readonly entry: string | undefined;
  readonly notes: readonly string[];
  readonly verdict: 'good' | 'warning' | 'failed';
  readonly reason: FailureReason | undefined;
  readonly cause: Cause;
  readonly fault: Fault | undefined;
  readonly sentence: string;
  readonly also: readonly string[];
  readonly remedy: readonly Remedy[];
  readonly steps: readonly Step[];
  readonly chain:
    { readonly isAnchored: boolean; readonly certificates: readonly ShownCertificate[] } | undefined;
  readonly clients: readonly ClientVerdict[];
  readonly bundles: readonly { source: string; isUsed: boolean; verifies: boolean; words: string }[];
}

/** Makes a report of evidence. Pure. */
export function makeReport(evidence: Evidence): Report {
  const { subject, failure, presented } = evidence;
  const steps = judgeSteps(evidence);
  const { cause, fault, sentence, also, remedy } = diagnose(evidence);
  return {
    target: subject.label,
    url: urlOf(subject),
    authority: formatAuthority(subject.authority),
    entry: subject.entry?.name,
    notes: subject.notes,
    verdict: verdictOf(steps),
    reason: failure?.reason ?? reasonOfAnswers(evidence) ?? certificateReason(evidence),
    cause,
    fault,
    sentence: clean(sentence, 500),
    also: also.map((one) => clean(one, 500)),
    remedy,
    steps: steps.map((step) => ({ ...step, detail: clean(step.detail, 300) })),
    chain: showChain(evidence),
    clients: judgeByClients(evidence),
    bundles:
      presented.length === 0
        ? []
        : judgeBundles(evidence).map(({ named, ...rest }) => ({
            source: clean(named.bundle.source),
            ...rest,
          })),
  };
}

function verdictOf(steps: readonly Step[]): Report['verdict'] {
  if (steps.some(({ status }) => status === 'fail')) return 'failed';
  return steps.some(({ status }) => status === 'warn') ? 'warning' : 'good';
}

function reasonOfAnswers({ http, mcp }: Evidence): FailureReason | undefined {
  for (const answer of [http, mcp?.initialize, mcp?.tools])
    if (answer?.kind === 'failed') return answer.failure.reason;
  return undefined;
}

/** The chain in plain values; undefined where nothing was presented. Pure. */
export function showChain(evidence: Evidence): Report['chain'] {
  const chain = chainOf(evidence);
  if (chain === undefined) return undefined;
  const { isAnchored, certificates } = chain;
  const shown = certificates.map((one, position) =>
    show(
      one,
      evidence.nowMs,
      isAnchored && position === certificates.length - 1 && position > 0 ? 'bundle' : 'server',
    ),
  );
  return { isAnchored, certificates: shown };
}

function show(certificate: X509Certificate, nowMs: number, from: ShownCertificate['from']): ShownCertificate {
  const left = daysLeft(certificate, nowMs);
  return {
    name: nameOf(certificate),
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    issuerName: issuerNameOf(certificate),
    names: altNames(certificate),
    notBefore: timeOf(notBeforeOf(certificate)),
    notAfter: timeOf(notAfterOf(certificate)),
    daysLeft: Number.isNaN(left) ? undefined : left,
    isNotYetValid: notBeforeOf(certificate).getTime() > nowMs,
    fingerprintSha256: fingerprintOf(certificate),
    from,
    issuerUrl: issuerUrl(certificate),
  };
}

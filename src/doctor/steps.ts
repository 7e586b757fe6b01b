import { isIP } from 'node:net';
import { failureTable, type Phase } from '../failure.ts';
import { isCertificateFor } from '../trust/verify-identity.ts';
import { isValidAt, notAfterOf } from '../trust/certificate-facts.ts';
import { altNames, daysLeft, nameOf, validityWords } from './certificate-words.ts';
import { chainOf, hiddenByDates, roleOf, strictDefectsOf } from './chain-view.ts';
import { clean } from './clean.ts';
import { defectWords, strictClient } from './defect-words.ts';
import { soonDays } from './diagnose.ts';
import { certificateReason, identityOf, type Answer, type Evidence } from './evidence.ts';

export type StepId =
  | 'policy'
  | 'resolve'
  | 'connect'
  | 'handshake'
  | 'verify'
  | 'name'
  | 'expiry'
  | 'strict clients'
  | 'http'
  | 'initialize'
  | 'tools/list';

export type StepStatus = 'pass' | 'warn' | 'fail' | 'skipped';

/** What one check came to. */
export interface Step {
  readonly id: StepId;
  readonly status: StepStatus;
  readonly detail: string;
}

type Judgement = readonly [StepStatus, string];

/** A check: pure, over evidence that is in already. Undefined where it was not asked for. */
interface Check {
  readonly id: StepId;
  readonly judge: (evidence: Evidence) => Judgement | undefined;
}

const phases: readonly Phase[] = ['request', 'policy', 'resolve', 'connect', 'handshake', 'response'];
const notReached: Judgement = ['skipped', 'not reached'];

const checks: readonly Check[] = [
  { id: 'policy', judge: judgePolicy },
  { id: 'resolve', judge: (evidence) => inPhase(evidence, 'resolve') ?? resolved(evidence) },
  { id: 'connect', judge: (evidence) => inPhase(evidence, 'connect') ?? connected(evidence) },
  { id: 'handshake', judge: judgeHandshake },
  { id: 'verify', judge: judgeVerification },
  { id: 'name', judge: judgeName },
  { id: 'expiry', judge: judgeExpiry },
  { id: 'strict clients', judge: judgeStrict },
  { id: 'http', judge: ({ http }) => judgeAnswer(http) },
  { id: 'initialize', judge: ({ mcp }) => mcp && judgeAnswer(mcp.initialize) },
  { id: 'tools/list', judge: ({ mcp }) => mcp && judgeAnswer(mcp.tools) },
];

/** Every step of the way, in its order. */
export function judgeSteps(evidence: Evidence): Step[] {
  return checks.flatMap(({ id, judge }) => {
    const judgement = judge(evidence);
    return judgement === undefined ? [] : [{ id, status: judgement[0], detail: judgement[1] }];
  });
}

/** Fails where it failed, is not reached behind that, and is left to its own check before it. */
function inPhase({ failure }: Evidence, phase: Phase): Judgement | undefined {
  if (failure === undefined) return undefined;
  const [failed, asked] = [phases.indexOf(failure.phase), phases.indexOf(phase)];
  if (failed === asked) return ['fail', `${failure.reason}: ${failure.sentence}`];
  return failed < asked ? notReached : undefined;
}

function judgePolicy({ failure, policy, subject }: Evidence): Judgement {
  if (failure !== undefined && phases.indexOf(failure.phase) <= phases.indexOf('policy'))
    return ['fail', `${failure.reason}: ${failure.sentence}`];
  if (policy === undefined) return ['warn', 'plain http: not encrypted'];
  const { bundle, verify, strict, pins } = policy;
  const more = `${strict ? ', strict' : ''}${pins.size > 0 ? ', pinned' : ''}`;
  if (!verify) return ['warn', 'ssl_verify: false, verification is off'];
  const count = bundle?.certificates.length ?? 0;
  const words = `${clean(bundle?.source ?? 'nothing')} (${count} certificate${count === 1 ? '' : 's'})${more}`;
  return [
    'pass',
    subject.sslVerify.kind === 'default' && bundle !== undefined ? `default trust: ${words}` : words,
  ];
}

function resolved({ throughProxy, addresses, subject }: Evidence): Judgement {
  if (isIP(subject.authority.host) !== 0) return ['pass', 'an address already'];
  if (throughProxy) return ['skipped', 'left to the upstream proxy'];
  return ['pass', addresses.slice(0, 4).join(', ')];
}

function connected({ connected: stood, throughProxy }: Evidence): Judgement {
  const how = throughProxy ? 'through the upstream proxy' : 'directly';
  return ['pass', stood === undefined ? how : `${how}, ${Math.round(stood.connectMs)} ms`];
}

function judgeHandshake(evidence: Evidence): Judgement {
  const { failure, connected: stood, policy } = evidence;
  const isCertificate = failure?.reason.startsWith('tls_cert_') === true;
  if (!isCertificate) {
    const judgement = inPhase(evidence, 'handshake');
    if (judgement !== undefined) return judgement;
  }
  if (policy === undefined) return ['skipped', 'plain http'];
  if (stood === undefined) return ['pass', 'the server speaks TLS; its certificate is refused'];
  return ['pass', `${stood.protocol ?? ''}, ${stood.cipher ?? ''}, ${Math.round(stood.handshakeMs)} ms`];
}

/** Why there is nothing to judge. */
function noChain({ subject, failure }: Evidence): Judgement {
  if (failure !== undefined) return ['skipped', 'no certificate was seen'];
  return ['skipped', subject.protocol === 'http' ? 'plain http' : 'no certificate was seen'];
}

/** Nothing fails that `serve` lets pass. */
function graded({ policy }: Evidence): StepStatus {
  return policy?.verify === false ? 'warn' : 'fail';
}

function judgeVerification(evidence: Evidence): Judgement {
  const chain = chainOf(evidence);
  if (chain === undefined) return noChain(evidence);
  const reason = certificateReason(evidence);
  const beside = ['tls_cert_name_mismatch', 'tls_cert_expired', 'tls_cert_not_yet_valid', 'tls_cert_strict'];
  if (reason !== undefined && !beside.includes(reason))
    return [graded(evidence), `${reason}: ${failureTable[reason].sentence}`];
  const unanchored = hiddenByDates(reason, chain);
  if (unanchored !== undefined)
    return [graded(evidence), `${unanchored}: ${failureTable[unanchored].sentence}`];
  const anchor = chain.certificates.at(-1);
  if (!chain.isAnchored || anchor === undefined) return ['pass', 'OpenSSL accepts the chain'];
  return ['pass', `leads to "${nameOf(anchor)}" in the bundle`];
}

function judgeName(evidence: Evidence): Judgement {
  const [leaf] = evidence.presented;
  if (leaf === undefined) return noChain(evidence);
  const name = identityOf(evidence);
  if (isCertificateFor(leaf, name)) return ['pass', `the certificate is for ${name}`];
  const names = altNames(leaf).slice(0, 4).join(', ') || 'no alternative names';
  return [graded(evidence), `tls_cert_name_mismatch: for ${names}, not for ${name}`];
}

function judgeExpiry(evidence: Evidence): Judgement {
  const { nowMs } = evidence;
  const chain = chainOf(evidence);
  if (chain === undefined) return noChain(evidence);
  const { certificates } = chain;
  const invalid = certificates.findIndex((one) => !isValidAt(one, nowMs));
  const say = (position: number) => {
    const certificate = certificates[position];
    return certificate === undefined
      ? ''
      : `${roleOf(chain, position)}: ${validityWords(certificate, nowMs)}`;
  };
  if (invalid >= 0) return [graded(evidence), say(invalid)];
  const ends = certificates.map((one) => notAfterOf(one).getTime());
  const soonest = ends.indexOf(Math.min(...ends));
  const certificate = certificates[soonest];
  const isSoon = certificate !== undefined && daysLeft(certificate, nowMs) <= soonDays;
  return [isSoon ? 'warn' : 'pass', say(soonest)];
}

function judgeStrict(evidence: Evidence): Judgement {
  const chain = chainOf(evidence);
  if (chain === undefined) return noChain(evidence);
  const [first, ...others] = strictDefectsOf(evidence);
  if (first === undefined)
    return chain.isAnchored
      ? ['pass', 'nothing that they refuse']
      : ['pass', 'nothing that they refuse in what was sent'];
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const words = `${strictClient(first)} refuses it: ${roleOf(chain, first.position)} ${defectWords[first.defect].words}${more}`;
  return [evidence.policy?.strict === true ? 'fail' : 'warn', words];
}

function judgeAnswer(answer: Answer): Judgement {
  switch (answer.kind) {
    case 'answered':
      return ['pass', answer.words];
    case 'unfit':
      return ['fail', answer.words];
    case 'failed':
      return ['fail', `${answer.failure.reason}: ${answer.failure.sentence}`];
    case 'skipped':
      return ['skipped', answer.words];
  }
}

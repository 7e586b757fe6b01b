import { notAfterOf } from '../trust/certificate-facts.ts';
import { faultOf } from './cause.ts';
import { daysLeft, validityWords } from './certificate-words.ts';
import { chainOf, hiddenByDates, missingIn, roleOf, strictDefectsOf } from './chain-view.ts';
import { clientUrl } from './client-url.ts';
import { defectWords, isOfOpenssl4, strictClient } from './defect-words.ts';
import { diagnoseCertificate } from './diagnose-certificate.ts';
import { bundleWords } from './diagnose-trust.ts';
import { diagnoseClientCertificate, diagnoseWay } from './diagnose-way.ts';
import type { Diagnosis, Finding } from './diagnosis.ts';
import { certificateReason, identityOf, type Answer, type Evidence } from './evidence.ts';
import type { FoundDefect } from '../trust/strict-defects.ts';
import { isCertificateFor } from '../trust/verify-identity.ts';
import { act, entryYaml, message, writtenTrust, type Remedy } from './remedy.ts';

/** From here on an expiry is worth a warning. */
export const soonDays = 14;

/** From evidence to cause and remedy. Pure: the same evidence yields the same words. */
export function diagnose(evidence: Evidence): Diagnosis {
  const { cause, fault = faultOf[cause], sentence, remedy } = findCause(evidence);
  return { cause, fault, sentence, remedy, also: findMore(evidence, cause) };
}

function findCause(evidence: Evidence): Finding {
  const { failure, policy } = evidence;
  // What is wrong on the way to the proxy says nothing of the server.
  if (failure?.isOfProxy === true)
    return {
      cause: 'upstream_proxy_unusable',
      sentence: failure.sentence,
      remedy: [act(failure.hint)],
    };
  const reason = certificateReason(evidence);
  if (failure !== undefined)
    return reason === undefined ? diagnoseWay(failure, evidence) : diagnoseCertificate(reason, evidence);
  if (policy?.verify === false) return unverified(evidence);
  return (
    diagnoseAnswers(evidence) ??
    diagnoseStrictClients(evidence) ??
    diagnoseExpiry(evidence) ??
    allIsWell(evidence)
  );
}

/** `ssl_verify: false`: what verification would say is what keeps it off. */
function unverified(evidence: Evidence): Finding {
  const reason = certificateReason(evidence);
  if (reason !== undefined) {
    const found = diagnoseCertificate(reason, evidence);
    return { ...found, sentence: `verification is off, and this is what it hides: ${found.sentence}` };
  }
  const trusted = evidence.subject.entry?.tls.verifyWith;
  const trust = trusted === undefined ? true : writtenTrust(trusted);
  return {
    cause: 'verification_is_off',
    sentence: `verification is off, and not needed: ${evidence.policy?.bundle?.source ?? 'the default trust'} verifies the server`,
    remedy: [
      act('switch it on:'),
      trust === undefined
        ? act('move the PEM text of tls.verify_with to ssl_verify')
        : entryYaml(evidence.subject, { ssl_verify: trust }),
    ],
  };
}

function diagnoseAnswers(evidence: Evidence): Finding | undefined {
  const { http, mcp } = evidence;
  for (const answer of [http, mcp?.initialize, mcp?.tools]) {
    const found = answer && diagnoseAnswer(answer, evidence);
    if (found !== undefined) return found;
  }
  return undefined;
}

function diagnoseAnswer(answer: Answer, evidence: Evidence): Finding | undefined {
  if (answer.kind === 'failed') {
    const { reason, sentence, hint } = answer.failure;
    return {
      cause: reason === 'response_timeout' ? 'no_answer' : 'broken_answer',
      sentence: `TLS works, but ${sentence}`,
      remedy: [act(hint)],
    };
  }
  if (answer.kind !== 'unfit') return undefined;
  if (answer.wantsClientCertificate === true) return diagnoseClientCertificate(evidence);
  return {
    cause: 'not_mcp',
    sentence: `TLS and HTTP work, but MCP does not: ${answer.words}`,
    remedy: [act('check the path of the url: most servers have /mcp, older ones /sse')],
  };
}

/** The failure that started it all. */
function diagnoseStrictClients(evidence: Evidence): Finding | undefined {
  const chain = chainOf(evidence);
  const first = firstDefect(evidence);
  if (first === undefined || chain === undefined) return undefined;
  const { subject } = evidence;
  const { error, words } = defectWords[first.defect];
  const role = roleOf(chain, first.position);
  const who = strictClient(first);
  return {
    cause: 'strict_clients_refuse',
    sentence: `${who} refuses this chain ("${error}") because ${role} ${words}; naming the CA to the client does not cure that, and the sidecar accepts it`,
    remedy: [
      ...throughSidecar(evidence),
      message(subject, `${role} ${words} (RFC 5280), and ${who} refuses it`, 'Please issue it anew'),
    ],
  };
}

/** What clients of today refuse goes first. */
function firstDefect(evidence: Evidence): FoundDefect | undefined {
  const defects = strictDefectsOf(evidence);
  return defects.find((one) => !isOfOpenssl4(one)) ?? defects[0];
}

/** The two lines of YAML, and what to tell the client. */
function throughSidecar({ subject }: Evidence): Remedy[] {
  const trust = writtenTrust(subject.sslVerify);
  return [
    act(
      subject.entry === undefined
        ? 'let the client go through the sidecar; in its configuration:'
        : 'let the client go through the sidecar, by the entry that it has:',
    ),
    entryYaml(subject, trust === undefined ? {} : { ssl_verify: trust }, true),
    act(`and in the client in place of its URL: ${clientUrl(subject)}`),
  ];
}

function diagnoseExpiry(evidence: Evidence): Finding | undefined {
  const { subject, nowMs } = evidence;
  const chain = chainOf(evidence);
  const position = chain?.certificates.findIndex((one) => daysLeft(one, nowMs) <= soonDays) ?? -1;
  const certificate = chain?.certificates[position];
  if (chain === undefined || certificate === undefined) return undefined;
  const fault = `${roleOf(chain, position)} ends soon: ${validityWords(certificate, nowMs)}`;
  return {
    cause: 'expires_soon',
    sentence: fault,
    remedy: [message(subject, fault, 'Please renew it in time')],
  };
}

function allIsWell({ policy, subject }: Evidence): Finding {
  const sentence =
    policy === undefined
      ? 'it is reached, in plain http: nobody on the way is kept from reading along'
      : `it is reached and verified by ${policy.bundle?.source ?? 'nothing'}`;
  return {
    cause: 'none',
    sentence,
    remedy:
      subject.entry === undefined && policy !== undefined
        ? [
            act('to give it a policy of its own, list it:'),
            entryYaml(subject, { ssl_verify: writtenTrust(subject.sslVerify) ?? true }),
          ]
        : [],
  };
}

/** What is wrong beside the cause: it would show once that is mended. */
function findMore(evidence: Evidence, cause: Diagnosis['cause']): string[] {
  const { presented, nowMs } = evidence;
  const [leaf] = presented;
  const chain = chainOf(evidence);
  if (leaf === undefined || chain === undefined) return [];
  const name = identityOf(evidence);
  const more: string[] = [];
  if (cause !== 'name_mismatch' && !isCertificateFor(leaf, name))
    more.push(`the certificate is not for ${name}`);
  if (hiddenByDates(certificateReason(evidence), chain) !== undefined)
    more.push(`${bundleWords(evidence)} does not hold ${missingIn(chain)}, to which the chain leads`);
  if (!/expire|valid|clock/.test(cause) && nowMs > notAfterOf(leaf).getTime())
    more.push('the certificate of the server has expired');
  const defect = firstDefect(evidence);
  if (defect !== undefined && cause !== 'strict_clients_refuse' && cause !== 'strict_defects') {
    const { error, words } = defectWords[defect.defect];
    more.push(
      `even then ${strictClient(defect)} refuses it ("${error}"), for ${roleOf(chain, defect.position)} ${words}: naming the CA to the client does not cure that, the sidecar accepts it`,
    );
  }
  return more;
}

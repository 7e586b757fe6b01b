import { isIP } from 'node:net';
import { formatAuthority } from '../authority.ts';
import type { FailureReason } from '../failure.ts';
import { notAfterOf, notBeforeOf } from '../trust/certificate-facts.ts';
import { altNames, dateOf, nameOf } from './certificate-words.ts';
import { chainOf, positionsWhere, roleOf, strictDefectsOf } from './chain-view.ts';
import { defectWords } from './defect-words.ts';
import { diagnoseRejected } from './diagnose-rejected.ts';
import { bundleWords, diagnoseIssuer, diagnosePin, diagnoseSelfSigned } from './diagnose-trust.ts';
import type { Finding } from './diagnosis.ts';
import { identityOf, type Evidence } from './evidence.ts';
import { act, entryYaml, message, someCaFile } from './remedy.ts';

/** The cause behind a verdict on the certificate. */
export function diagnoseCertificate(reason: FailureReason, evidence: Evidence): Finding {
  return find(reason, evidence) ?? unknownCause(evidence);
}

function find(reason: FailureReason, evidence: Evidence): Finding | undefined {
  switch (reason) {
    case 'tls_cert_issuer_unknown':
      return diagnoseIssuer(evidence);
    case 'tls_cert_self_signed':
      return diagnoseSelfSigned(evidence);
    case 'tls_cert_pin_mismatch':
      return diagnosePin(evidence);
    case 'tls_cert_expired':
      return diagnoseDates(evidence, 'expired');
    case 'tls_cert_not_yet_valid':
      return diagnoseDates(evidence, 'not yet valid');
    case 'tls_cert_name_mismatch':
      return diagnoseName(evidence);
    case 'tls_cert_strict':
      return diagnoseStrict(evidence);
    default:
      return diagnoseRejected(evidence);
  }
}

function unknownCause({ subject }: Evidence): Finding {
  const hint = 'look at the chain with openssl s_client -showcerts';
  const sentence = 'OpenSSL rejects the chain, for a reason that what was presented does not show';
  return {
    cause: 'chain_rejected',
    sentence,
    remedy: [
      act(hint),
      message(
        subject,
        'OpenSSL rejects the certificate chain of the server',
        'Please look at it with openssl s_client -showcerts',
      ),
    ],
  };
}

function diagnoseDates(evidence: Evidence, kind: 'expired' | 'not yet valid'): Finding | undefined {
  const { nowMs, subject } = evidence;
  const chain = chainOf(evidence);
  if (chain === undefined) return undefined;
  const off = positionsWhere(chain, (one) =>
    kind === 'expired' ? notAfterOf(one).getTime() < nowMs : notBeforeOf(one).getTime() > nowMs,
  );
  const [position] = off;
  const certificate = chain.certificates[position ?? -1];
  if (position === undefined || certificate === undefined) return undefined;
  const { length } = chain.certificates;
  if (length > 1 && off.length === length) return clockWrong(kind, nowMs);
  const role = roleOf(chain, position);
  if (kind === 'not yet valid') {
    const fault = `${role} is not valid before ${notBeforeOf(certificate).toISOString()}`;
    const remedy = [
      act(`compare the clock of this machine, which says ${new Date(nowMs).toISOString()}`),
      message(subject, fault, 'Please install one that is valid already'),
    ];
    return { cause: 'not_yet_valid', sentence: fault, remedy };
  }
  const fault = `${role} expired on ${dateOf(notAfterOf(certificate))}`;
  if (chain.isAnchored && position === length - 1 && position > 0) {
    const remedy = [
      act(
        `get the present certificate of "${nameOf(certificate)}" from those who run that CA, and put it in its place:`,
      ),
      entryYaml(subject, {
        ssl_verify: subject.sslVerify.kind === 'path' ? subject.sslVerify.path : someCaFile,
      }),
    ];
    return { cause: 'anchor_expired', sentence: `${fault}; it stands in ${bundleWords(evidence)}`, remedy };
  }
  return {
    cause: position === 0 ? 'leaf_expired' : 'intermediate_expired',
    sentence: fault,
    remedy: [
      message(
        subject,
        fault,
        `Please renew it${position === 0 ? '' : ', and have the server send the new one'}`,
      ),
    ],
  };
}

function clockWrong(kind: string, nowMs: number): Finding {
  const now = new Date(nowMs).toISOString();
  return {
    cause: 'clock_wrong',
    sentence: `every certificate of the chain is ${kind} at once: the clock of this machine, which says ${now}, is most likely wrong`,
    remedy: [act('set the clock (timedatectl status, or the time service of the host)')],
  };
}

function diagnoseName(evidence: Evidence): Finding | undefined {
  const { subject, presented } = evidence;
  const [leaf] = presented;
  if (leaf === undefined) return undefined;
  const name = identityOf(evidence);
  const names = altNames(leaf);
  const list = names.length === 0 ? 'no alternative names' : shorten(names);
  const usable = names.filter((one) => !one.includes('*') && /^[a-z0-9.:_-]+$/i.test(one));
  const use = usable.find((one) => isIP(one) === 0) ?? usable[0];
  return {
    cause: 'name_mismatch',
    sentence: `the certificate is for ${list}, and not for ${name}${names.some((one) => one.includes('*')) ? ' (a * stands for one whole label, the first)' : ''}`,
    remedy: [
      message(
        subject,
        `the certificate is not for ${name}`,
        `Please issue it with ${isIP(name) === 0 ? 'that name' : 'that IP address'} among its alternative names`,
      ),
      ...(use === undefined
        ? []
        : [
            act(
              `or, if it is certain that ${formatAuthority(subject.authority)} is ${use}, verify that name:`,
            ),
            entryYaml(subject, { tls: { server_name: use } }),
          ]),
    ],
  };
}

function diagnoseStrict(evidence: Evidence): Finding | undefined {
  const chain = chainOf(evidence);
  const defects = strictDefectsOf(evidence);
  const [first] = defects;
  if (chain === undefined || first === undefined) return undefined;
  const fault = `${roleOf(chain, first.position)} ${defectWords[first.defect].words}`;
  return {
    cause: 'strict_defects',
    sentence: `${fault}, which tls.strict: true refuses as Python 3.13 does`,
    remedy: [
      message(evidence.subject, fault, 'Please issue it anew as RFC 5280 says'),
      act('until then, without tls.strict the sidecar accepts it:'),
      entryYaml(evidence.subject, { tls: { strict: false } }),
    ],
  };
}

function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more` : shown;
}

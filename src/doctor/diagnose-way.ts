import { formatAuthority } from '../authority.ts';
import type { Failure, FailureReason } from '../failure.ts';
import type { Cause } from './cause.ts';
import type { Finding } from './diagnosis.ts';
import type { Evidence } from './evidence.ts';
import { act, entryYaml, message } from './remedy.ts';

/** Causes that follow from the reason alone, with the words of the failure. */
const plainCauses: Readonly<Partial<Record<FailureReason, Cause>>> = {
  configuration_unusable: 'configuration_unusable',
  server_unknown: 'configuration_unusable',
  request_malformed: 'configuration_unusable',
  address_prohibited: 'address_prohibited',
  dns_failed: 'name_unresolved',
  dns_timeout: 'name_unresolved',
  connect_refused: 'connection_refused',
  connect_unroutable: 'no_route',
  connect_timeout: 'connection_timeout',
  upstream_proxy_refused: 'upstream_proxy_refused',
  tls_timeout: 'handshake_stalled',
  response_timeout: 'no_answer',
  response_malformed: 'broken_answer',
  response_incomplete: 'broken_answer',
};

/** The cause of a failure that is not about the certificate. */
export function diagnoseWay(failure: Failure, evidence: Evidence): Finding {
  const { subject } = evidence;
  switch (failure.reason) {
    case 'policy_denied':
      return denied(failure, evidence);
    case 'connection_lost':
      if (evidence.wantsClientCertificate) return diagnoseClientCertificate(evidence);
      if (evidence.isOverheard === true && evidence.policy?.hasIdentity === true)
        return perhapsClientRefused(failure);
      return failure.phase === 'response'
        ? plain('broken_answer', failure)
        : {
            ...plain('handshake_broken_off', failure),
            sentence:
              'the connection was cut in the middle of the handshake, as boxes on the way do that do not like a name, and forwarders without a target',
          };
    case 'tls_client_cert_required':
      return clientCertificate(evidence);
    case 'tls_alert_received':
      return refused(failure, evidence);
    case 'tls_protocol_error':
      return evidence.complaint === 'version' ? oldProtocol(evidence) : notTls(failure, evidence);
    case 'dns_failed':
    case 'dns_timeout':
      return {
        ...plain('name_unresolved', failure),
        sentence: `${subject.authority.host}: ${failure.sentence}`,
      };
    default:
      return plain(plainCauses[failure.reason] ?? 'internal', failure);
  }
}

function plain(cause: Cause, { sentence, hint }: Failure): Finding {
  return { cause, sentence, remedy: [act(hint)] };
}

function denied(failure: Failure, { subject }: Evidence): Finding {
  if (subject.entry !== undefined) return plain('denied', failure);
  return {
    cause: 'denied',
    sentence: `no entry lists ${formatAuthority(subject.authority)}, and ${subject.protocol === 'http' ? 'mcp_tls_sidecar.unlisted_plaintext' : 'mcp_tls_sidecar.unlisted_hosts'} denies hosts without one`,
    remedy: [act('list it:'), entryYaml(subject, {})],
  };
}

/** The server wants a client certificate: it got none, or one that it does not take. */
export function diagnoseClientCertificate(evidence: Evidence): Finding {
  if (wasShown(evidence)) return clientRefused(evidence);
  return evidence.policy?.hasIdentity === true ? clientUnshown() : clientCertificate(evidence);
}

/** Whether the server saw a client certificate: doctor shows none where whoever answers may be anybody. */
function wasShown({ policy, isOverheard }: Evidence): boolean {
  return policy?.hasIdentity === true && (policy.verify || isOverheard === true);
}

/** An alert: a lenient client, the policy and the alert itself tell what it was about. */
function refused(failure: Failure, evidence: Evidence): Finding {
  const { complaint, lenient, policy } = evidence;
  if (lenient !== undefined && isOld(lenient.protocol)) return oldProtocol(evidence);
  if (complaint === 'version') return oldProtocol(evidence);
  if (complaint === 'client_certificate') return diagnoseClientCertificate(evidence);
  if (lenient !== undefined && !wasShown(evidence)) return noCommonCipher(evidence);
  // TLS 1.2 has no alert for it: OpenSSL, nginx and Go say handshake_failure where the certificate was missing.
  if (complaint === 'handshake_failure' && !wasShown(evidence)) {
    if (evidence.isOverheard === true) return refusedUnsaid(failure);
    return policy?.hasIdentity === true ? clientUnshown() : clientCertificate(evidence, true);
  }
  const { sentence, hint } = failure;
  const about = complaint === 'server_name' ? ': it does not know the server name that was sent' : '';
  return { cause: 'handshake_refused', sentence: `${sentence}${about}`, remedy: [act(hint)] };
}

/** The alert that says nothing, and nobody asked further. */
function refusedUnsaid({ sentence }: Failure): Finding {
  return {
    cause: 'handshake_refused',
    sentence: `${sentence} that does not say why: servers end it so that want a client certificate where none is configured, and those that have no cipher in common with clients of today`,
    remedy: [
      act('run mcp-tls-sidecar doctor for it: it finds out which'),
      act(
        'if it wants a client certificate, name it in tls.client_certificate and tls.client_key; else its owner has to enable a cipher of today',
      ),
    ],
  };
}

/** Cut off where a client certificate was shown, and nobody asked further. */
function perhapsClientRefused({ phase, sentence, hint }: Failure): Finding {
  return {
    cause: phase === 'response' ? 'broken_answer' : 'handshake_broken_off',
    sentence: `${sentence}; so do servers that do not take the client certificate of an entry, as this one shows`,
    remedy: [act('run mcp-tls-sidecar doctor for it: it finds out whether that is it'), act(`else: ${hint}`)],
  };
}

function isOld(protocol: string): boolean {
  return /^(?:SSL|TLSv1$|TLSv1\.1$)/.test(protocol);
}

function oldProtocol({ subject, lenient }: Evidence): Finding {
  const spoken = lenient === undefined ? '' : ` (${lenient.protocol})`;
  const fault = `the server speaks no version of TLS from 1.2 on${spoken}`;
  return {
    cause: 'old_protocol',
    sentence: fault,
    remedy: [
      message(subject, fault, 'Please enable TLS 1.2 and 1.3: older versions are deprecated (RFC 8996)'),
    ],
  };
}

function noCommonCipher({ subject, lenient }: Evidence): Finding {
  const fault = `the server has no cipher in common with clients of today (it would take ${lenient?.cipher ?? 'none'})`;
  return {
    cause: 'no_common_cipher',
    sentence: fault,
    remedy: [message(subject, fault, 'Please enable an AEAD cipher such as ECDHE-ECDSA-AES128-GCM-SHA256')],
  };
}

function notTls(failure: Failure, { subject, complaint }: Evidence): Finding {
  if (complaint !== 'not_tls')
    return { cause: 'handshake_refused', sentence: failure.sentence, remedy: [act(failure.hint)] };
  return {
    cause: 'not_tls',
    sentence: `what answers on port ${subject.authority.port} does not speak TLS`,
    remedy: [
      act('correct the port in the url; if the server really speaks plain http, write the url so:'),
      { kind: 'yaml', text: `url: http://${formatAuthority(subject.authority)}${subject.path}` },
    ],
  };
}

function clientCertificate({ subject }: Evidence, isGuess = false): Finding {
  return {
    cause: 'client_certificate_required',
    sentence: isGuess
      ? 'the server ended the handshake as servers do over TLS 1.2 that want a client certificate, and none is configured'
      : 'the server wants a client certificate, and none is configured',
    remedy: [
      act('ask its owner for a certificate with its key, and name both:'),
      entryYaml(subject, {
        tls: { client_certificate: '/certs/client.pem', client_key: '/certs/client.key' },
      }),
    ],
  };
}

function clientUnshown(): Finding {
  return {
    cause: 'client_certificate_unshown',
    sentence:
      'the server wants a client certificate, and doctor shows that of the entry to none that is not verified: whether it is taken shows with serve alone, which does show it',
    remedy: [
      act(
        'have the server verified (ssl_verify), and ask again; until then the log of serve tells how its calls end',
      ),
    ],
  };
}

function clientRefused({ subject }: Evidence): Finding {
  return {
    cause: 'client_certificate_refused',
    sentence: 'the server does not take the client certificate of this entry',
    remedy: [
      act(
        'compare the issuer and the dates of tls.client_certificate with what the owner of the server expects',
      ),
      message(
        subject,
        'the server refuses our client certificate',
        'Please say which CA it has to be issued by',
      ),
    ],
  };
}

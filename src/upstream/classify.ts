import type { FailureReason } from '../failure.ts';
import { MalformedResponseError } from './malformed-response.ts';

/** X.509 verdicts of OpenSSL as Node names them (`deps/ncrypto`: X509_V_ERR_… without the prefix). */
const certificateReasons: Readonly<Record<string, FailureReason>> = {
  CERT_HAS_EXPIRED: 'tls_cert_expired',
  CERT_NOT_YET_VALID: 'tls_cert_not_yet_valid',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_cert_issuer_unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_cert_issuer_unknown',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_cert_issuer_unknown',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_cert_issuer_unknown',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_cert_self_signed',
  HOSTNAME_MISMATCH: 'tls_cert_name_mismatch',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_cert_name_mismatch',
  // Our own, of judge-peer.ts.
  PIN_MISMATCH: 'tls_cert_pin_mismatch',
  STRICT_DEFECTS: 'tls_cert_strict',
};

/** Every other X.509 verdict that Node has a name for. */
const rejectedCodes = new Set([
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'OUT_OF_MEM',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'UNSPECIFIED',
]);

const lostCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE']);

/** The code of a Node error. */
export function errorCode(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** Why the verification of a chain failed. */
export function classifyVerdict(code: string | undefined): FailureReason {
  return certificateReasons[code ?? ''] ?? 'tls_cert_rejected';
}

export function classifyConnectError(error: unknown): FailureReason {
  switch (errorCode(error)) {
    case 'ECONNREFUSED':
      return 'connect_refused';
    case 'ETIMEDOUT':
      return 'connect_timeout';
    case 'ECONNRESET':
      return 'connection_lost';
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return 'limit_reached';
    default:
      // ENETUNREACH, EHOSTUNREACH, EACCES (a prohibit route), EADDRNOTAVAIL (no address of that family), EINVAL.
      return 'connect_unroutable';
  }
}

/** An error inside the TLS handshake, or from TLS after it: alerts of TLS 1.3 come late. */
export function classifyTlsError(error: unknown): FailureReason {
  const code = errorCode(error) ?? '';
  if (code in certificateReasons || rejectedCodes.has(code)) return classifyVerdict(code);
  if (lostCodes.has(code)) return 'connection_lost';
  // The names of OpenSSL's alerts differ between versions (SSLV3_ALERT_…, TLSV13_ALERT_…): match the class.
  if (/CERTIFICATE_REQUIRED/.test(code)) return 'tls_client_cert_required';
  if (/ALERT/.test(code)) return 'tls_alert_received';
  return 'tls_protocol_error';
}

/**
 * An error on a connection that stood.
 *
 * @param begun whether the response head had come
 */
export function classifyExchangeError(error: unknown, begun: boolean): FailureReason {
  const code = errorCode(error) ?? '';
  if (error instanceof MalformedResponseError) return 'response_malformed';
  if (lostCodes.has(code)) return begun ? 'response_incomplete' : 'connection_lost';
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO')
    return begun ? 'response_incomplete' : classifyTlsError(error);
  return 'internal';
}

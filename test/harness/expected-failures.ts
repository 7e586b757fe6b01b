import type { FailureReason } from '../../src/failure.ts';

/** What a client is told of a failure; undefined where nobody is left to be told. */
export interface ExpectedFailure {
  readonly status: number;
  /** Error type of RFC 9209, section 2.3. */
  readonly error: string;
}

const certificate: ExpectedFailure = { status: 502, error: 'tls_certificate_error' };

/**
 * The documented table of failures, written down a second time on purpose: the one in `src/failure.ts` is tested
 * against it. Only the names are shared, so that neither can have a reason that the other lacks.
 */
export const expectedFailures: Readonly<Record<FailureReason, ExpectedFailure | undefined>> = {
  request_malformed: { status: 400, error: 'http_request_error' },
  policy_denied: { status: 403, error: 'http_request_denied' },
  server_unknown: { status: 500, error: 'destination_not_found' },
  configuration_unusable: { status: 500, error: 'proxy_configuration_error' },
  address_prohibited: { status: 502, error: 'destination_ip_prohibited' },
  loop_detected: { status: 502, error: 'proxy_loop_detected' },
  limit_reached: { status: 503, error: 'connection_limit_reached' },
  draining: { status: 503, error: 'destination_unavailable' },
  dns_failed: { status: 502, error: 'dns_error' },
  dns_timeout: { status: 504, error: 'dns_timeout' },
  connect_refused: { status: 502, error: 'connection_refused' },
  connect_unroutable: { status: 502, error: 'destination_ip_unroutable' },
  connect_timeout: { status: 504, error: 'connection_timeout' },
  upstream_proxy_refused: { status: 502, error: 'connection_refused' },
  connection_lost: { status: 502, error: 'connection_terminated' },
  tls_timeout: { status: 504, error: 'connection_timeout' },
  tls_cert_expired: certificate,
  tls_cert_not_yet_valid: certificate,
  tls_cert_name_mismatch: certificate,
  tls_cert_issuer_unknown: certificate,
  tls_cert_self_signed: certificate,
  tls_cert_pin_mismatch: certificate,
  tls_cert_strict: certificate,
  tls_cert_rejected: certificate,
  tls_client_cert_required: { status: 502, error: 'tls_alert_received' },
  tls_alert_received: { status: 502, error: 'tls_alert_received' },
  tls_protocol_error: { status: 502, error: 'tls_protocol_error' },
  response_timeout: { status: 504, error: 'http_response_timeout' },
  response_malformed: { status: 502, error: 'http_protocol_error' },
  response_incomplete: { status: 502, error: 'http_response_incomplete' },
  internal: { status: 500, error: 'proxy_internal_error' },
  downstream_aborted: undefined,
  downstream_tls_failed: undefined,
};

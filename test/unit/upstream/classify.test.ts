import { describe, expect, it } from 'vitest';
import {
  classifyConnectError,
  classifyExchangeError,
  classifyTlsError,
} from '../../../src/upstream/classify.ts';
import { MalformedResponseError } from '../../../src/upstream/malformed-response.ts';

const error = (code: string) => Object.assign(new Error(code), { code });

describe('the code of an error names its reason', () => {
  it.each([
    ['CERT_HAS_EXPIRED', 'tls_cert_expired'],
    ['CERT_NOT_YET_VALID', 'tls_cert_not_yet_valid'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_cert_name_mismatch'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_cert_issuer_unknown'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_cert_issuer_unknown'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_cert_self_signed'],
    ['INVALID_PURPOSE', 'tls_cert_rejected'],
    ['UNSPECIFIED', 'tls_cert_rejected'],
    // OpenSSL 1.1, 3.0 and 3.5 spell alerts differently.
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls_client_cert_required'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tls_alert_received'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'tls_alert_received'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', 'tls_alert_received'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_protocol_error'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'tls_protocol_error'],
    ['ECONNRESET', 'connection_lost'],
  ])('%s in the handshake is %s', (code, reason) => {
    expect(classifyTlsError(error(code))).toBe(reason);
  });

  it.each([
    ['ECONNREFUSED', 'connect_refused'],
    ['ETIMEDOUT', 'connect_timeout'],
    ['ENETUNREACH', 'connect_unroutable'],
    ['EMFILE', 'limit_reached'],
    ['EHOSTUNREACH', 'connect_unroutable'],
    ['ECONNRESET', 'connection_lost'],
  ])('%s at the connect is %s', (code, reason) => {
    expect(classifyConnectError(error(code))).toBe(reason);
  });

  it.each([
    ['ECONNRESET', false, 'connection_lost'],
    ['ECONNRESET', true, 'response_incomplete'],
    ['EPIPE', false, 'connection_lost'],
    ['EPROTO', false, 'tls_protocol_error'],
    ['EPROTO', true, 'response_incomplete'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', false, 'tls_client_cert_required'],
    ['ERR_ASSERTION', false, 'internal'],
  ])('%s on a connection that stands, begun: %s, is %s', (code, begun, reason) => {
    expect(classifyExchangeError(error(code), begun)).toBe(reason);
  });

  it.each([false, true])('what is no response is response_malformed, begun: %s', (begun) => {
    expect(classifyExchangeError(new MalformedResponseError('a line that is no header'), begun)).toBe(
      'response_malformed',
    );
  });
});

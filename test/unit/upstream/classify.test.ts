import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import {
  classifyConnectError,
  classifyExchangeError,
  classifyTlsError,
} from '../../../src/upstream/classify.ts';

const error = (code: string, message = '') => Object.assign(new Error(message), { code });

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
    ['UND_ERR_SOCKET', 'other side closed', false, 'connection_lost'],
    ['UND_ERR_SOCKET', 'other side closed', true, 'response_incomplete'],
    ['EPROTO', 'write EPROTO', false, 'tls_protocol_error'],
    ['EPROTO', 'write EPROTO', true, 'response_incomplete'],
    ['UND_ERR_SOCKET', 'bad response', false, 'response_malformed'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', '', true, 'response_incomplete'],
    ['UND_ERR_HEADERS_OVERFLOW', '', false, 'response_malformed'],
    ['ERR_INVALID_CHAR', '', false, 'response_malformed'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', false, 'tls_client_cert_required'],
    ['ERR_ASSERTION', '', false, 'internal'],
  ])('%s (%s), begun: %s, is %s', (code, message, begun, reason) => {
    expect(classifyExchangeError(error(code, message), begun)).toBe(reason);
  });

  it.each([
    ['Invalid header token', 'response_malformed'],
    ['Invalid EOF state', 'response_incomplete'],
  ])("llhttp's %s is %s, though it comes without a code", (message, reason) => {
    expect(classifyExchangeError(new errors.HTTPParserError(message), true)).toBe(reason);
  });
});

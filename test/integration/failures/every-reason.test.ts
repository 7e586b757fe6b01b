import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { failureReasons, type FailureReason } from '../../../src/failure.ts';

/** A part of the product that is not there yet, with which the reason gets its test. */
interface Later {
  readonly later: string;
}

/** Where each reason is shown with status, Proxy-Status, metric and log line. A new one does not compile without. */
const shownIn: Readonly<Record<FailureReason, string | Later>> = {
  request_malformed: 'policy.test.ts',
  policy_denied: 'policy.test.ts',
  server_unknown: 'policy.test.ts',
  configuration_unusable: 'policy.test.ts',
  address_prohibited: 'policy.test.ts',
  loop_detected: 'policy.test.ts',
  limit_reached: 'policy.test.ts',
  draining: 'policy.test.ts',
  dns_failed: 'network.test.ts',
  dns_timeout: 'network.test.ts',
  connect_refused: 'connection.test.ts',
  connect_unroutable: 'network.test.ts',
  connect_timeout: 'network.test.ts',
  upstream_proxy_refused: '../upstream-proxy/through-a-corporate-proxy.test.ts',
  connection_lost: 'connection.test.ts',
  tls_timeout: 'handshake.test.ts',
  tls_cert_expired: 'handshake.test.ts',
  tls_cert_not_yet_valid: 'handshake.test.ts',
  tls_cert_name_mismatch: 'handshake.test.ts',
  tls_cert_issuer_unknown: 'handshake.test.ts',
  tls_cert_self_signed: 'handshake.test.ts',
  tls_cert_pin_mismatch: 'every-situation.test.ts',
  tls_cert_strict: 'every-situation.test.ts',
  tls_cert_rejected: 'handshake.test.ts',
  tls_client_cert_required: 'handshake.test.ts',
  tls_alert_received: 'handshake.test.ts',
  tls_protocol_error: 'handshake.test.ts',
  response_timeout: 'response.test.ts',
  response_malformed: 'response.test.ts',
  response_incomplete: 'response.test.ts',
  internal: 'connection.test.ts',
  downstream_aborted: 'response.test.ts',
  downstream_tls_failed: '../connect/what-comes-inside.test.ts',
};

it.each(Object.entries(shownIn))('%s is shown in %o', (reason, place) => {
  expect(failureReasons).toContain(reason);
  if (typeof place !== 'string') return;
  const text = readFileSync(new URL(place, import.meta.url), 'utf8');
  expect(text).toContain(`'${reason}'`);
  expect(text).toContain('expectFailure(');
});

it('has a place for every reason', () => {
  expect(Object.keys(shownIn).sort()).toEqual([...failureReasons].sort());
});

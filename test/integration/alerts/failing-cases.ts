import type { AlertCase } from './alert-case.ts';
import { of } from './promtool.ts';

const crm = { server: 'crm' };
const expired = { server: 'crm', reason: 'tls_cert_expired' };
const lost = { server: 'crm', reason: 'connection_lost' };
const handshakes = (labels: Record<string, string>) => of('upstream_handshake_failures_total', labels);
const requests = (code: string) => of('requests_total', { ...crm, code });

/** Calls that fail. */
export const failingCases: readonly AlertCase[] = [
  {
    alert: 'HandshakesFailing',
    when: 'every handshake fails, until the certificate is renewed',
    // Good until minute 5, then failures alone, good again from minute 31 on.
    series: {
      [handshakes(expired)]: '0x5 1+1x24 25x60',
      [requests('200')]: '0+10x5 50x25 60+10x60',
      [requests('502')]: '0x5 1+1x24 25x60',
    },
    firesAt: 12,
    resolvedAt: 32,
    severity: 'page',
    labels: expired,
    summary: 'Calls to MCP server "crm" fail: tls_cert_expired',
    description:
      'No call to MCP server "crm" has got through for five minutes: a certificate in its chain has expired. ' +
      'What to do: the owner of the server has to renew the certificate; check the clock of this machine. ' +
      'Reason tls_cert_expired, seen by the sidecar at gateway:9921.',
    runbook: 'handshakes-failing',
  },
  {
    alert: 'HandshakesFailing',
    when: 'a server takes the connection and then wants a client certificate, although its handshakes count as done',
    series: {
      [handshakes({ ...crm, reason: 'tls_client_cert_required' })]: '0x5 1+1x24 25x60',
      [of('upstream_last_handshake_timestamp_seconds', crm)]: '0+60x90',
      [requests('200')]: '0x30 1+10x60',
    },
    firesAt: 10,
    resolvedAt: 32,
    severity: 'page',
    labels: { ...crm, reason: 'tls_client_cert_required' },
    summary: 'Calls to MCP server "crm" fail: tls_client_cert_required',
    description:
      'No call to MCP server "crm" has got through for five minutes: it asks for a client certificate. ' +
      'What to do: name the certificate and key that its owner gave you in tls.client_certificate and tls.client_key, or look whether the server takes the one you have. ' +
      'Reason tls_client_cert_required, seen by the sidecar at gateway:9921.',
    runbook: 'handshakes-failing',
  },
  {
    alert: 'SomeHandshakesFail',
    when: 'one handshake fails for its certificate while calls get through',
    series: { [handshakes(expired)]: '0x5 1x60', [requests('200')]: '0+10x90' },
    firesAt: 16,
    resolvedAt: 22,
    severity: 'ticket',
    labels: expired,
    summary: 'Some TLS handshakes with MCP server "crm" fail: tls_cert_expired',
    description:
      'Some TLS handshakes with MCP server "crm" fail: a certificate in its chain has expired. ' +
      'What to do: the owner of the server has to renew the certificate; check the clock of this machine. ' +
      'Reason tls_cert_expired, seen by the sidecar at gateway:9921.',
    runbook: 'handshakes-failing',
  },
  {
    alert: 'SomeHandshakesFail',
    when: 'three connections are lost within a quarter of an hour',
    series: { [handshakes(lost)]: '0x5 1 1 2 2 3x60', [requests('200')]: '0+10x90' },
    firesAt: 20,
    resolvedAt: 22,
    severity: 'ticket',
    labels: lost,
    summary: 'Some TLS handshakes with MCP server "crm" fail: connection_lost',
    description:
      'Some TLS handshakes with MCP server "crm" fail: the connection to it was closed before it answered. ' +
      'What to do: look at the log of the server, and for a middlebox that resets TLS. ' +
      'Reason connection_lost, seen by the sidecar at gateway:9921.',
    runbook: 'handshakes-failing',
  },
  {
    alert: 'MostCallsFail',
    when: 'four of five calls end with 5xx',
    series: { [requests('200')]: '0+5x90', [requests('500')]: '0x5 20+20x29 600x60' },
    firesAt: 17,
    resolvedAt: 41,
    severity: 'page',
    labels: crm,
    summary: '80% of the calls to MCP server "crm" fail',
    description:
      '80% of the calls to MCP server "crm" through the sidecar at gateway:9921 end with a status of 5xx. ' +
      'The reason is in the log lines "request failed", and in mcp_tls_sidecar_failures_total{server,reason}; ' +
      'what is not counted there, the server itself answered.',
    runbook: 'calls-fail',
  },
  {
    alert: 'SomeCallsFail',
    when: 'one of ten calls ends with 5xx',
    series: { [requests('200')]: '0+9x90', [requests('503')]: '0x5 1+1x29 30x60' },
    firesAt: 23,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: '10% of the calls to MCP server "crm" fail',
    description:
      '10% of the calls to MCP server "crm" through the sidecar at gateway:9921 end with a status of 5xx. ' +
      'The reason is in the log lines "request failed", and in mcp_tls_sidecar_failures_total{server,reason}; ' +
      'what is not counted there, the server itself answered.',
    runbook: 'calls-fail',
  },
];

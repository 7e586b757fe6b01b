import type { Alert } from './alert.ts';
import { reasonHint, reasonSentence, server, sidecar } from './words.ts';

const failures = 'mcp_tls_sidecar_upstream_handshake_failures_total';

/**
 * Holds for twenty minutes after the page of this server, whose tail is no news.
 *
 * @param more labels that the left side does not have
 */
const afterThePage = (...more: string[]): string =>
  `unless ignoring (${['alertname', 'alertstate', 'severity', ...more].join(', ')}) ` +
  'last_over_time(ALERTS{alertname="McpTlsSidecarHandshakesFailing", alertstate="firing"}[20m])';

// One failed call of a quiet server wakes nobody: it takes three. 2.5, for increase() extrapolates: two may be 2.2.
const failing =
  `increase(${failures}[10m]) > 2.5\n` +
  'unless ignoring (reason) server:mcp_tls_sidecar_requests_answered:increase5m > 0';

// Verification never fails by chance, a lost connection does.
const someFail =
  `(\n  increase(${failures}{reason=~"tls_cert_.*|tls_client_cert_required"}[15m]) > 0\n` +
  `  or increase(${failures}[15m]) > 2.5\n)\n${afterThePage()}`;

const ratio = 'server:mcp_tls_sidecar_requests_failed:ratio_rate5m';
const about = `Reason {{ $labels.reason }}, seen by ${sidecar}.`;
const percent = '{{ $value | humanizePercentage }}';
const errorsDescription =
  `${percent} of the calls to ${server} through ${sidecar} end with a status of 5xx. ` +
  'The reason is in the log lines "request failed", and in mcp_tls_sidecar_failures_total{server,reason}; ' +
  'what is not counted there, the server itself answered.';

/** Calls that fail now. */
export const handshakeAlerts: readonly Alert[] = [
  {
    name: 'HandshakesFailing',
    severity: 'page',
    expr: failing,
    for: '2m',
    summary: `Calls to ${server} fail: {{ $labels.reason }}`,
    description: `No call to ${server} has got through for five minutes: ${reasonSentence}. What to do: ${reasonHint}. ${about}`,
    runbook: 'handshakes-failing',
  },
  {
    name: 'SomeHandshakesFail',
    severity: 'ticket',
    expr: someFail,
    // Longer than it takes to page, so that not both arrive.
    for: '10m',
    summary: `Some TLS handshakes with ${server} fail: {{ $labels.reason }}`,
    description: `Some TLS handshakes with ${server} fail: ${reasonSentence}. What to do: ${reasonHint}. ${about}`,
    runbook: 'handshakes-failing',
  },
  {
    name: 'MostCallsFail',
    severity: 'page',
    expr: `${ratio} > 0.5\n${afterThePage('reason')}`,
    for: '10m',
    summary: `${percent} of the calls to ${server} fail`,
    description: errorsDescription,
    runbook: 'calls-fail',
  },
  {
    name: 'SomeCallsFail',
    severity: 'ticket',
    expr: `(${ratio} > 0.05 <= 0.5)\n${afterThePage('reason')}`,
    for: '15m',
    summary: `${percent} of the calls to ${server} fail`,
    description: errorsDescription,
    runbook: 'calls-fail',
  },
];

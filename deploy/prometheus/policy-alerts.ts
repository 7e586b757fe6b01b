import { daySeconds, type Alert } from './alert.ts';
import { defectSentence, duration, hiddenReasons, server, sidecar } from './words.ts';

/** What the configuration says, or fails to say; and the sidecar itself. */
export const policyAlerts: readonly Alert[] = [
  {
    name: 'VerificationDisabled',
    severity: 'ticket',
    expr: 'mcp_tls_sidecar_verification_disabled == 1',
    for: '10m',
    summary: `The certificate of ${server} is not verified`,
    description: `${server} is called with ssl_verify: false: whoever is on the way can read and change the calls. ${hiddenReasons} Seen by ${sidecar}.`,
    runbook: 'verification-disabled',
  },
  {
    name: 'InsecureExceptionEnds',
    severity: 'ticket',
    expr: `mcp_tls_sidecar_insecure_until_timestamp_seconds - time() > 0 < ${7 * daySeconds}`,
    for: '10m',
    summary: `${server} is verified again in ${duration}`,
    description: `The date in tls.insecure_until of ${server} passes in ${duration}; then its certificate is verified again by itself. ${hiddenReasons} Seen by ${sidecar}.`,
    runbook: 'insecure-exception-ends',
  },
  {
    name: 'ReloadFailing',
    severity: 'ticket',
    expr: 'mcp_tls_sidecar_config_last_reload_successful == 0',
    for: '5m',
    summary: `The last reload of ${sidecar} failed`,
    description: `The configuration of ${sidecar}, or a file that it names, has an error: what is in force is not what is in the files, and a restart would not mend it. mcp-tls-sidecar check names the file and the line.`,
    runbook: 'reload-failing',
  },
  {
    name: 'ServerStale',
    severity: 'ticket',
    expr: 'mcp_tls_sidecar_server_stale == 1',
    for: '5m',
    summary: `${server} goes on with the last good bytes of a file that is bad now`,
    description: `A file that the entry of ${server} names cannot be used any more. The sidecar at {{ $labels.instance }} goes by what it read before; after a restart calls to this server would fail with the reason configuration_unusable. mcp-tls-sidecar check names the file.`,
    runbook: 'reload-failing',
  },
  {
    name: 'ServerUnusable',
    severity: 'page',
    expr: 'mcp_tls_sidecar_server_usable == 0',
    for: '2m',
    summary: `Calls to ${server} fail: its configuration cannot be used`,
    description: `Every call to ${server} through ${sidecar} fails with the reason configuration_unusable. mcp-tls-sidecar check names the file and the line.`,
    runbook: 'server-unusable',
  },
  {
    name: 'StrictDefect',
    severity: 'ticket',
    expr: 'mcp_tls_sidecar_upstream_certificate_defects > 0',
    for: '1h',
    summary: `Strict clients refuse the certificate of ${server}`,
    description: `A certificate in the chain of ${server} ${defectSentence} ({{ $labels.defect }}). Clients that call it without the sidecar, Python 3.13 among them, refuse it. Have its owner issue it anew. Seen by ${sidecar}.`,
    runbook: 'strict-defects',
  },
  {
    name: 'Down',
    severity: 'page',
    // What was a sidecar yesterday, whatever its job is called.
    expr: '(up == 0)\nand on (job, instance) group by (job, instance) (last_over_time(mcp_tls_sidecar_build_info[1d]))',
    for: '3m',
    summary: 'The sidecar at {{ $labels.instance }} does not answer',
    description:
      'Prometheus cannot scrape the sidecar at {{ $labels.instance }}: it does not run, or its admin listener cannot be reached. Every call of its clients fails if it does not run.',
    runbook: 'sidecar-down',
  },
  {
    name: 'Absent',
    severity: 'page',
    expr: 'absent(mcp_tls_sidecar_build_info)',
    for: '10m',
    summary: 'No sidecar is scraped',
    description:
      'Prometheus has seen no mcp-tls-sidecar for ten minutes: none runs, or the scrape configuration has lost them. None of the other alerts can fire.',
    runbook: 'sidecar-down',
  },
];

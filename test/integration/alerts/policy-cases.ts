import { daySeconds, minuteSeconds, type AlertCase } from './alert-case.ts';
import { of, up } from './promtool.ts';

const crm = { server: 'crm' };
const seen = 'Seen by the sidecar at gateway:9921.';
const unverified = of('unverified_handshakes_total', { ...crm, reason: 'tls_cert_name_mismatch' });
const hidden = 'In the last day verification would have refused it for tls_cert_name_mismatch.';

/** What the configuration says, or fails to say; and the sidecar itself. */
export const policyCases: readonly AlertCase[] = [
  {
    alert: 'VerificationDisabled',
    when: 'an entry is not verified',
    series: {
      [of('verification_disabled', crm)]: '0x4 1x34 0x30',
      // One handshake, on whose connection everything goes: a series that begins at 1.
      [unverified]: '_x7 1x90',
    },
    firesAt: 15,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'The certificate of MCP server "crm" is not verified',
    description: `MCP server "crm" is called with ssl_verify: false: whoever is on the way can read and change the calls. ${hidden} ${seen}`,
    runbook: 'verification-disabled',
  },
  {
    alert: 'InsecureExceptionEnds',
    when: 'a week is left',
    series: {
      [of('insecure_until_timestamp_seconds', crm)]:
        `${7 * daySeconds + 5 * minuteSeconds}x39 ${30 * daySeconds}x60`,
      [of('unverified_handshakes_total', { ...crm, reason: 'none' })]: '0+1x90',
    },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'MCP server "crm" is verified again in 6d 23h 49m 0s',
    description:
      'The date in tls.insecure_until of MCP server "crm" passes in 6d 23h 49m 0s; then its certificate is verified again by itself. ' +
      `Nothing that verification would have refused was seen in the last day. ${seen}`,
    runbook: 'insecure-exception-ends',
  },
  {
    alert: 'InsecureExceptionEnds',
    when: 'a week is left and verification would refuse the server',
    series: {
      [of('insecure_until_timestamp_seconds', crm)]:
        `${7 * daySeconds + 5 * minuteSeconds}x39 ${30 * daySeconds}x60`,
      [unverified]: '0+1x90',
    },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'MCP server "crm" is verified again in 6d 23h 49m 0s',
    description:
      'The date in tls.insecure_until of MCP server "crm" passes in 6d 23h 49m 0s; then its certificate is verified again by itself. ' +
      `${hidden} ${seen}`,
    runbook: 'insecure-exception-ends',
  },
  {
    alert: 'ReloadFailing',
    when: 'the last reload failed',
    series: { [of('config_last_reload_successful')]: '1x4 0x34 1x30' },
    firesAt: 10,
    resolvedAt: 41,
    severity: 'ticket',
    labels: {},
    summary: 'The last reload of the sidecar at gateway:9921 failed',
    description:
      'The configuration of the sidecar at gateway:9921, or a file that it names, has an error: what is in force is not what is in the files, and a restart would not mend it. ' +
      'mcp-tls-sidecar check names the file and the line.',
    runbook: 'reload-failing',
  },
  {
    alert: 'ServerStale',
    when: 'an entry goes on with old bytes',
    series: { [of('server_stale', crm)]: '0x4 1x34 0x30' },
    firesAt: 10,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'MCP server "crm" goes on with the last good bytes of a file that is bad now',
    description:
      'A file that the entry of MCP server "crm" names cannot be used any more. The sidecar at gateway:9921 goes by what it read before; ' +
      'after a restart calls to this server would fail with the reason configuration_unusable. mcp-tls-sidecar check names the file.',
    runbook: 'reload-failing',
  },
  {
    alert: 'ServerUnusable',
    when: 'an entry cannot be used',
    series: { [of('server_usable', crm)]: '1x4 0x34 1x30' },
    firesAt: 7,
    resolvedAt: 41,
    severity: 'page',
    labels: crm,
    summary: 'Calls to MCP server "crm" fail: its configuration cannot be used',
    description:
      'Every call to MCP server "crm" through the sidecar at gateway:9921 fails with the reason configuration_unusable. ' +
      'mcp-tls-sidecar check names the file and the line.',
    runbook: 'server-unusable',
  },
  {
    alert: 'StrictDefect',
    when: 'the chain in use has a defect',
    series: {
      [of('upstream_certificate_defects', { ...crm, defect: 'missing_authority_key_identifier' })]:
        '_x4 1x94 stale',
    },
    firesAt: 64,
    resolvedAt: 101,
    severity: 'ticket',
    labels: { ...crm, defect: 'missing_authority_key_identifier' },
    summary: 'Strict clients refuse the certificate of MCP server "crm"',
    description:
      'A certificate in the chain of MCP server "crm" has no Authority Key Identifier that names a key (missing_authority_key_identifier). ' +
      'Clients that call it without the sidecar, Python 3.13 among them, refuse it. ' +
      `Have its owner issue it anew. ${seen}`,
    runbook: 'strict-defects',
  },
  {
    alert: 'Down',
    when: 'what was a sidecar cannot be scraped',
    series: {
      [up]: '1x4 0x34 1x30',
      [of('build_info', { version: '1' })]: '1x4 stale _x34 1x30',
    },
    firesAt: 8,
    resolvedAt: 41,
    severity: 'page',
    labels: {},
    summary: 'The sidecar at gateway:9921 does not answer',
    description:
      'Prometheus cannot scrape the sidecar at gateway:9921: it does not run, or its admin listener cannot be reached. ' +
      'Every call of its clients fails if it does not run.',
    runbook: 'sidecar-down',
  },
  {
    alert: 'Absent',
    when: 'no sidecar is scraped at all',
    series: { [of('build_info', { version: '1' })]: '1x4 stale _x34 1x30' },
    firesAt: 15,
    resolvedAt: 41,
    severity: 'page',
    labels: {},
    withoutTarget: true,
    summary: 'No sidecar is scraped',
    description:
      'Prometheus has seen no mcp-tls-sidecar for ten minutes: none runs, or the scrape configuration has lost them. ' +
      'None of the other alerts can fire.',
    runbook: 'sidecar-down',
  },
];

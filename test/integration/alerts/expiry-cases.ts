import { daySeconds, minuteSeconds, type AlertCase } from './alert-case.ts';
import { of } from './promtool.ts';

const crm = { server: 'crm' };
const certificate = of('upstream_certificate_not_after_timestamp_seconds', crm);
const bundle = of('ca_bundle_not_after_timestamp_seconds', crm);
const localCa = of('local_ca_not_after_timestamp_seconds');
const far = 90 * daySeconds;
/** A date that is this far away in minute 5, and is put off in minute 40. */
const near = (seconds: number) => `${seconds + 5 * minuteSeconds}x39 ${far}x60`;

const seen = 'Seen by the sidecar at gateway:9921.';
const remedy =
  'Which one it is, mcp-tls-sidecar doctor crm shows. ' +
  `Have the owner of the server renew it; where it is the root, put its successor into the file of ssl_verify. ${seen}`;
const certificateWords = (left: string) => ({
  summary: `The certificate of MCP server "crm" expires in ${left}`,
  description:
    `A certificate in the chain of MCP server "crm" expires in ${left}; from then on every call to it fails. ` +
    remedy,
});
const localCaWords = (left: string) => ({
  summary: `The local CA of the sidecar at gateway:9921 expires in ${left}`,
  description:
    `The CA that the sidecar at gateway:9921 shows to clients of the CONNECT route has ${left} left. ` +
    'Renew the files of mcp_tls_sidecar.ca.certificate and key, and give clients the new ca-bundle.pem.',
});

const past = `${5 * minuteSeconds}x39 ${far}x60`;

/** Dates that come nearer, and that have passed. */
export const expiryCases: readonly AlertCase[] = [
  {
    alert: 'CertificateExpires',
    when: '21 days are left',
    series: { [certificate]: near(21 * daySeconds) },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    ...certificateWords('20d 23h 49m 0s'),
    runbook: 'certificate-expires',
  },
  {
    alert: 'CertificateExpiresInDays',
    when: '3 days are left',
    series: { [certificate]: near(3 * daySeconds) },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'page',
    labels: crm,
    ...certificateWords('2d 23h 49m 0s'),
    runbook: 'certificate-expires',
  },
  {
    alert: 'CertificateExpired',
    when: 'the date has passed and the server was not reached since',
    series: {
      [certificate]: `${5 * minuteSeconds}x60`,
      // Reached again in minute 30, by another certificate: the old one still counts for an hour.
      [of('upstream_last_handshake_timestamp_seconds', crm)]: `60x29 ${30 * minuteSeconds}x60`,
    },
    firesAt: 6,
    resolvedAt: 31,
    severity: 'page',
    labels: crm,
    summary: 'The certificate of MCP server "crm" has expired',
    description:
      'A certificate in the chain of MCP server "crm" expired 1m 0s ago (reason tls_cert_expired), and calls to it fail. ' +
      remedy,
    runbook: 'certificate-expires',
  },
  {
    alert: 'CaBundleExpires',
    when: 'a certificate of the bundle has 21 days left',
    series: { [bundle]: near(21 * daySeconds), [of('ca_bundle_certificates', crm)]: '2x90' },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'A certificate in the CA bundle of MCP server "crm" expires in 20d 23h 49m 0s',
    description:
      'A certificate in the file of ssl_verify for MCP server "crm" expires in 20d 23h 49m 0s. ' +
      `Calls that are verified by it fail from then on. Put its successor into the file, and take it out once nothing needs it. ${seen}`,
    runbook: 'ca-bundle-expires',
  },
  {
    alert: 'LocalCaExpires',
    when: '21 days are left',
    series: { [localCa]: near(21 * daySeconds) },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'ticket',
    labels: {},
    ...localCaWords('20d 23h 49m 0s'),
    runbook: 'local-ca-expires',
  },
  {
    alert: 'LocalCaExpiresInDays',
    when: '3 days are left',
    series: { [localCa]: near(3 * daySeconds) },
    firesAt: 16,
    resolvedAt: 41,
    severity: 'page',
    labels: {},
    ...localCaWords('2d 23h 49m 0s'),
    runbook: 'local-ca-expires',
  },
  {
    alert: 'CaBundleExpires',
    when: 'a certificate of the bundle has expired',
    series: { [bundle]: past, [of('ca_bundle_certificates', crm)]: '2x90' },
    firesAt: 10,
    resolvedAt: 41,
    severity: 'ticket',
    labels: crm,
    summary: 'A certificate in the CA bundle of MCP server "crm" has expired',
    description:
      'A certificate in the file of ssl_verify for MCP server "crm" has expired. ' +
      `Calls that are verified by it fail from then on. Put its successor into the file, and take it out once nothing needs it. ${seen}`,
    runbook: 'ca-bundle-expires',
  },
  {
    alert: 'LocalCaExpiresInDays',
    when: 'the date has passed',
    series: { [localCa]: past },
    firesAt: 10,
    resolvedAt: 41,
    severity: 'page',
    labels: {},
    summary: 'The local CA of the sidecar at gateway:9921 has expired',
    description: localCaWords('').description.replace('has  left', 'has expired'),
    runbook: 'local-ca-expires',
  },
];

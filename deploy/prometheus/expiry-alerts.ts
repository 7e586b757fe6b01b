import { daySeconds, type Alert } from './alert.ts';
import { duration, server, sidecar } from './words.ts';

const ticketSeconds = 21 * daySeconds;
const pageSeconds = 3 * daySeconds;

const certificate = 'mcp_tls_sidecar_upstream_certificate_not_after_timestamp_seconds';
const bundle = 'mcp_tls_sidecar_ca_bundle_not_after_timestamp_seconds';
const localCa = 'mcp_tls_sidecar_local_ca_not_after_timestamp_seconds';

// A system's store holds roots by the hundred, some of them long expired; the chain that is used has alerts of its own.
const ownBundle = 'mcp_tls_sidecar_ca_bundle_certificates < 50';

// The root of the chain in use has the alerts of the chain, which page in time.
const notInUse = `unless ${bundle} == ${certificate}`;

// A server that was reached since then shows another certificate by now, or is not verified at all.
const notReachedSince = `unless mcp_tls_sidecar_upstream_last_handshake_timestamp_seconds > ${certificate}`;

const whichOne = 'Which one it is, mcp-tls-sidecar doctor {{ $labels.server }} shows.';

const expiringDescription =
  `A certificate in the chain of ${server} expires in ${duration}; from then on every call to it fails. ` +
  `${whichOne} Have the owner of the server renew it; where it is the root, put its successor into the file of ssl_verify. Seen by ${sidecar}.`;

const localCaDescription =
  `The CA that ${sidecar} shows to clients of the CONNECT route has {{ if gt $value 0.0 }}${duration} left{{ else }}expired{{ end }}. ` +
  'Renew the files of mcp_tls_sidecar.ca.certificate and key, and give clients the new ca-bundle.pem.';

/** Dates that come nearer. */
export const expiryAlerts: readonly Alert[] = [
  {
    name: 'CertificateExpires',
    severity: 'ticket',
    expr: `${certificate} - time() >= ${pageSeconds} < ${ticketSeconds}`,
    for: '10m',
    summary: `The certificate of ${server} expires in ${duration}`,
    description: expiringDescription,
    runbook: 'certificate-expires',
  },
  {
    name: 'CertificateExpiresInDays',
    severity: 'page',
    expr: `${certificate} - time() > 0 < ${pageSeconds}`,
    for: '10m',
    summary: `The certificate of ${server} expires in ${duration}`,
    description: expiringDescription,
    runbook: 'certificate-expires',
  },
  {
    name: 'CertificateExpired',
    severity: 'page',
    expr: `(time() - ${certificate} >= 0)\n${notReachedSince}`,
    for: '1m',
    summary: `The certificate of ${server} has expired`,
    description:
      `A certificate in the chain of ${server} expired ${duration} ago (reason tls_cert_expired), and calls to it fail. ` +
      `${whichOne} Have the owner of the server renew it; where it is the root, put its successor into the file of ssl_verify. Seen by ${sidecar}.`,
    runbook: 'certificate-expires',
  },
  {
    name: 'CaBundleExpires',
    severity: 'ticket',
    expr: `(${bundle} - time() < ${ticketSeconds})\nand ${ownBundle}\n${notInUse}`,
    for: '10m',
    summary: `A certificate in the CA bundle of ${server} {{ if gt $value 0.0 }}expires in ${duration}{{ else }}has expired{{ end }}`,
    description:
      `A certificate in the file of ssl_verify for ${server} {{ if gt $value 0.0 }}expires in ${duration}{{ else }}has expired{{ end }}. ` +
      `Calls that are verified by it fail from then on. Put its successor into the file, and take it out once nothing needs it. Seen by ${sidecar}.`,
    runbook: 'ca-bundle-expires',
  },
  {
    name: 'LocalCaExpires',
    severity: 'ticket',
    expr: `${localCa} - time() >= ${pageSeconds} < ${ticketSeconds}`,
    for: '10m',
    summary: `The local CA of ${sidecar} expires in ${duration}`,
    description: localCaDescription,
    runbook: 'local-ca-expires',
  },
  {
    name: 'LocalCaExpiresInDays',
    severity: 'page',
    expr: `${localCa} - time() < ${pageSeconds}`,
    for: '10m',
    summary: `The local CA of ${sidecar} {{ if gt $value 0.0 }}expires in ${duration}{{ else }}has expired{{ end }}`,
    description: localCaDescription,
    runbook: 'local-ca-expires',
  },
];

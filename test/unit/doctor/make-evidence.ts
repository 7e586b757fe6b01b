import { X509Certificate } from 'node:crypto';
import type { ServerEntry } from '../../../src/config/config.ts';
import { DEFAULT_TLS } from '../../../src/config/tls-settings.ts';
import type { Evidence } from '../../../src/doctor/evidence.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { createBundle } from '../../../src/trust/bundle.ts';
import { createTrustContext } from '../../../src/trust/secure-context.ts';

/** A day on which nothing changes. */
export const now = new Date('2026-11-23T12:00:00Z');
/** Dates around it, for certificates whose days left are to be told. */
export const dates = { notBefore: new Date('2026-06-01'), notAfter: new Date('2027-06-01') };

/** The certificates of a PEM text. */
export function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
}

export function policyOf(pem: string, more: Partial<Policy> = {}): Policy {
  const bundle = createBundle('/etc/ssl/corp.pem', certificatesIn(pem));
  return {
    key: 'test',
    verify: true,
    bundle,
    context: createTrustContext({ bundle }),
    serverName: undefined,
    pins: new Set(),
    strict: false,
    hasIdentity: false,
    ...more,
  };
}

const entry: ServerEntry = {
  kind: 'server',
  name: 'my_mcp_server',
  hasBaseUrl: true,
  upstream: { protocol: 'https', authority: { host: 'mcp.example.com', port: 443 }, path: '/mcp' },
  hasUpstreamUrl: false,
  sslVerify: { kind: 'path', path: '/etc/ssl/corp.pem' },
  tls: DEFAULT_TLS,
  identity: 'test',
  trustPosition: { line: 1, column: 1 },
  spoiledBy: undefined,
};

/** Evidence of a server that is reached, with whatever else a test is about. */
export function makeEvidence(policy: Policy, presented: string, more: Partial<Evidence> = {}): Evidence {
  const { bundle } = policy;
  return {
    subject: {
      label: entry.name,
      ...entry.upstream,
      entry,
      sslVerify: entry.sslVerify,
      listen: { host: '127.0.0.1', port: 8921 },
      notes: [],
    },
    nowMs: now.getTime(),
    failure: undefined,
    complaint: undefined,
    policy,
    throughProxy: false,
    addresses: ['192.0.2.7'],
    connected: { connectMs: 12, handshakeMs: 34, protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
    presented: certificatesIn(presented),
    hidden: undefined,
    lenient: undefined,
    wantsClientCertificate: false,
    bundles: bundle === undefined ? [] : [{ bundle, sslVerify: '/etc/ssl/corp.pem' }],
    http: { kind: 'answered', status: 401, words: 'GET answers 401 (it wants a login: TLS and HTTP work)' },
    mcp: undefined,
    ...more,
  };
}

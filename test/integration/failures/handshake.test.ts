import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { selfSigned, type Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { toPem } from '../../../src/ca/write-certificate.ts';
import type { FailureReason } from '../../../src/failure.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../harness/tls-upstream.ts';

const dayMs = 86_400_000;
const yesterday = new Date(Date.now() - dayMs);
const tomorrow = new Date(Date.now() + dayMs);
const root = createCa();
const good = root.issue('mcp.test');
const weak = createCa({ keyAlgorithm: 'rsa-1024' });

interface BadCertificate {
  readonly situation: string;
  readonly reason: FailureReason;
  readonly leaf: Leaf;
  /** The host of the url, where it is not `mcp.test`. */
  readonly host?: string;
  readonly bundle?: string;
  readonly tls?: UpstreamOptions['tls'];
}

const withoutChain = (leaf: Leaf): Leaf => ({ ...leaf, chain: leaf.certificate });

/** The last octet of a certificate belongs to its signature. */
function breakSignature(leaf: Leaf): Leaf {
  const der = Buffer.from(leaf.certificateDer);
  der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
  return { ...leaf, certificateDer: der, certificate: toPem(der), chain: toPem(der) };
}

const badCertificates: readonly BadCertificate[] = [
  {
    situation: 'a leaf that has expired',
    reason: 'tls_cert_expired',
    leaf: root.issue('mcp.test', { notAfter: yesterday }),
  },
  {
    situation: 'an intermediate that has expired',
    reason: 'tls_cert_expired',
    leaf: root.intermediate({ notAfter: yesterday }).issue('mcp.test'),
  },
  {
    situation: 'a leaf that is not valid yet',
    reason: 'tls_cert_not_yet_valid',
    leaf: root.issue('mcp.test', { notBefore: tomorrow }),
  },
  {
    situation: 'a leaf for another name',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('other.test'),
  },
  {
    situation: 'a leaf whose common name alone is right',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('other.test', { commonName: 'mcp.test' }),
  },
  {
    situation: 'a partial wildcard',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('m*p.corp.test'),
    host: 'mcp.corp.test',
  },
  {
    situation: 'a wildcard for a name two labels deep',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('*.corp.test'),
    host: 'a.b.corp.test',
  },
  {
    situation: 'a wildcard for the apex',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('*.corp.test'),
    host: 'corp.test',
  },
  {
    situation: 'a leaf for another address',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('127.0.0.2'),
    host: '127.0.0.1',
  },
  {
    situation: 'an address written as a DNS name',
    reason: 'tls_cert_name_mismatch',
    leaf: root.issue('mcp.test', { commonName: '127.0.0.1' }),
    host: '127.0.0.1',
  },
  {
    situation: 'a root that is not in the bundle',
    reason: 'tls_cert_issuer_unknown',
    leaf: createCa().issue('mcp.test'),
  },
  {
    situation: 'an unknown root that is presented, too',
    reason: 'tls_cert_issuer_unknown',
    leaf: withRoot(),
  },
  {
    situation: 'a missing intermediate',
    reason: 'tls_cert_issuer_unknown',
    leaf: withoutChain(root.intermediate().issue('mcp.test')),
  },
  {
    situation: 'a self-signed leaf',
    reason: 'tls_cert_self_signed',
    leaf: selfSigned('mcp.test'),
  },
  {
    situation: 'a broken signature',
    reason: 'tls_cert_rejected',
    leaf: breakSignature(good),
  },
  {
    situation: 'a leaf for client authentication only',
    reason: 'tls_cert_rejected',
    leaf: root.issue('mcp.test', { extendedKeyUsage: ['clientAuth'] }),
  },
  {
    situation: 'an intermediate whose name constraints exclude the name',
    reason: 'tls_cert_rejected',
    leaf: root.intermediate({ permittedNames: ['corp.test'] }).issue('mcp.test'),
  },
  {
    situation: 'an issuer that is no CA',
    reason: 'tls_cert_rejected',
    leaf: root.intermediate({ ca: false }).issue('mcp.test'),
  },
  {
    situation: 'a chain longer than its path length allows',
    reason: 'tls_cert_rejected',
    leaf: root.intermediate({ pathLength: 0 }).intermediate().issue('mcp.test'),
  },
  {
    situation: 'a key of 1024 bits',
    reason: 'tls_cert_rejected',
    leaf: weak.issue('mcp.test', { keyAlgorithm: 'rsa-1024' }),
    bundle: weak.pem,
    tls: { ciphers: 'DEFAULT@SECLEVEL=0' },
  },
];

function withRoot(): Leaf {
  const other = createCa();
  const leaf = other.issue('mcp.test');
  return { ...leaf, chain: leaf.chain + other.pem };
}

describe.each(routes)('on the route by $name', ({ target }) => {
  /** Asks, and wants the failure everywhere; the secret header must have gone nowhere. */
  async function expectHandshakeFailure(
    { host, port, bundle, dial = '5s' }: { host: string; port: number; bundle: string; dial?: string },
    reason: FailureReason,
  ) {
    const authority = `${host}:${port}`;
    const sidecar = await startInProcess({
      config: configText(
        { dev: { url: `https://${authority}/mcp`, ssl_verify: bundle } },
        { timeouts: { dial } },
      ),
    });
    const failures = () =>
      sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', { server: 'dev' });
    expect(await failures()).toBe(0);
    const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'), {
      headers: { 'X-Marker': 'not-to-be-sent' },
    });
    await expectFailure(answer, sidecar, { server: 'dev', reason });
    const counted = { server: 'dev', reason };
    expect(await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', counted)).toBe(1);
    expect(await failures()).toBe(1);
    expect(JSON.parse(answer.body)).toMatchObject({ reason, phase: 'handshake', server: 'dev' });
  }

  const expectNoRequest = (upstream: Upstream) => expect(upstream.requests).toEqual([]);

  it.each(badCertificates)(
    '$situation is $reason',
    async ({ leaf, tls, reason, host = 'mcp.test', bundle = root.pem }) => {
      const upstream = await startUpstream({ leaf, ...(tls && { tls }) });
      await expectHandshakeFailure({ host, port: upstream.port, bundle }, reason);
      expectNoRequest(upstream);
    },
  );

  it.each(['TLSv1.3', 'TLSv1.2'] as const)('a client certificate that is wanted over %s', async (version) => {
    const upstream = await startUpstream({
      leaf: good,
      tls: {
        requestCert: true,
        rejectUnauthorized: true,
        ca: root.pem,
        minVersion: version,
        maxVersion: version,
      },
    });
    // TLS 1.2 has no alert of its own for it.
    const reason = version === 'TLSv1.3' ? 'tls_client_cert_required' : 'tls_alert_received';
    await expectHandshakeFailure({ host: 'mcp.test', port: upstream.port, bundle: root.pem }, reason);
    expectNoRequest(upstream);
  });

  it('a server that shares no version but says so is tls_alert_received', async () => {
    const tls = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const upstream = await startUpstream({ leaf: good, tls });
    await expectHandshakeFailure(
      { host: 'mcp.test', port: upstream.port, bundle: root.pem },
      'tls_alert_received',
    );
    expectNoRequest(upstream);
  });

  const handshakeFailureAlert = Buffer.from('15030300020228', 'hex');
  /** ServerHello of TLS 1.0, as it came before servers knew of later versions, with AES128-SHA. */
  const oldServerHello = (version: string) =>
    Buffer.from(`16${version}002a02000026${version}${'5a'.repeat(32)}00002f00`, 'hex');
  const peers: readonly { peer: string; reason: FailureReason; answer: Buffer | string }[] = [
    { peer: 'an alert', reason: 'tls_alert_received', answer: handshakeFailureAlert },
    { peer: 'plaintext HTTP', reason: 'tls_protocol_error', answer: 'HTTP/1.1 400 Bad Request\r\n\r\n' },
    { peer: 'the banner of SSH', reason: 'tls_protocol_error', answer: 'SSH-2.0-OpenSSH_9.9\r\n' },
    { peer: 'TLS 1.0', reason: 'tls_protocol_error', answer: oldServerHello('0301') },
    { peer: 'TLS 1.1', reason: 'tls_protocol_error', answer: oldServerHello('0302') },
    { peer: 'FIN', reason: 'connection_lost', answer: 'FIN' },
    { peer: 'RST', reason: 'connection_lost', answer: 'RST' },
  ];

  it.each(peers)('a peer that answers the ClientHello with $peer is $reason', async ({ reason, answer }) => {
    let received = '';
    const { port } = await startRawTcp((socket) => {
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1');
        if (answer === 'RST') socket.resetAndDestroy();
        else if (answer === 'FIN') socket.end();
        else socket.end(answer);
      });
    });
    await expectHandshakeFailure({ host: 'mcp.test', port, bundle: root.pem }, reason);
    expect(received).not.toContain('not-to-be-sent');
  });

  it('a peer that hangs up without reading is connection_lost', async () => {
    const { port } = await startRawTcp((socket) => socket.end().resume());
    await expectHandshakeFailure({ host: 'mcp.test', port, bundle: root.pem }, 'connection_lost');
  });

  it('a handshake that stalls is tls_timeout', async () => {
    const { port } = await startRawTcp((socket) => socket.resume());
    const stalled = { host: 'mcp.test', port, bundle: root.pem, dial: '300ms' };
    await expectHandshakeFailure(stalled, 'tls_timeout');
  });

  it('a handshake that stalls half-way is tls_timeout', async () => {
    const upstream = await startUpstream({ leaf: good });
    // The server's first flight, cut after 100 bytes.
    const { port } = await startRawTcp((socket) => {
      const inner = connect(upstream.port, '127.0.0.1');
      cleanUp(() => inner.destroy());
      let left = 100;
      socket.on('data', (chunk: Buffer) => inner.write(chunk));
      inner
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          if (left > 0) socket.write(chunk.subarray(0, left));
          left -= chunk.length;
        });
    });
    await expectHandshakeFailure({ host: 'mcp.test', port, bundle: root.pem, dial: '300ms' }, 'tls_timeout');
    expectNoRequest(upstream);
  });
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const ca = createCa({ name: 'corporate' });
const intermediate = ca.intermediate({ name: 'issuing' });
const stranger = createCa({ name: 'stranger' });
const leaf = intermediate.issue('mcp.test');

function file(content: string): string {
  const name = path.join(temporaryDirectory(), 'ca.pem');
  writeFileSync(name, content);
  return name;
}

function directory(...pems: string[]): string {
  const name = temporaryDirectory();
  pems.forEach((pem, index) => writeFileSync(path.join(name, `${index}.pem`), pem));
  return name;
}

const inline = (pem: string) => JSON.stringify(pem);

/** The status and, of a failure, the reason with which a server of these settings answers. */
async function tryServer(settings: string, options: { env?: Record<string, string>; global?: string } = {}) {
  const upstream = await startUpstream({ leaf });
  const global = options.global === undefined ? '' : `mcp_tls_sidecar: { ssl_verify: ${options.global} }\n`;
  const config = `mcp_servers:\n  s: { url: "https://mcp.test:${upstream.port}/mcp"${settings} }\n${global}`;
  const sidecar = await startInProcess({
    config,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const response = await fetch(`${sidecar.proxyUrl}/s/mcp`);
  const reason = /details="(.*)"/.exec(response.headers.get('proxy-status') ?? '')?.[1];
  await response.body?.cancel();
  return { result: reason ?? response.status, sidecar, upstream };
}

describe('ssl_verify', () => {
  it.each([
    ['a PEM file with the root', () => `, ssl_verify: ${file(ca.pem)}`, 200],
    ['a PEM file with the intermediate alone', () => `, ssl_verify: ${file(intermediate.pem)}`, 200],
    ['a PEM file with the leaf alone', () => `, ssl_verify: ${file(leaf.certificate)}`, 200],
    ['a directory', () => `, ssl_verify: ${directory(stranger.pem, ca.pem)}`, 200],
    ['inline PEM', () => `, ssl_verify: ${inline(ca.pem)}`, 200],
    ['another CA', () => `, ssl_verify: ${file(stranger.pem)}`, 'tls_cert_issuer_unknown'],
    ['true', () => ', ssl_verify: true', 'tls_cert_issuer_unknown'],
    ['nothing', () => '', 'tls_cert_issuer_unknown'],
    ['null', () => ', ssl_verify: null', 'tls_cert_issuer_unknown'],
    ['false', () => ', ssl_verify: false', 200],
    ['a file that is not there', () => ', ssl_verify: /nowhere/ca.pem', 'configuration_unusable'],
    ['a file without a certificate', () => `, ssl_verify: ${file('hello')}`, 'configuration_unusable'],
  ])('%s', async (_, settings, expected) => {
    const { result, upstream } = await tryServer(settings());
    expect(result).toBe(expected);
    expect(upstream.requests.length).toBe(expected === 200 ? 1 : 0);
  });

  it('null and nothing inherit the global setting, true never does', async () => {
    const global = file(ca.pem);
    expect((await tryServer('', { global })).result).toBe(200);
    expect((await tryServer(', ssl_verify: null', { global })).result).toBe(200);
    expect((await tryServer(', ssl_verify: true', { global })).result).toBe('tls_cert_issuer_unknown');
    expect((await tryServer('', { global: 'false' })).result).toBe(200);
  });

  it('os.environ/NAME is the value of the variable', async () => {
    const env = { CORP_CA: file(ca.pem) };
    expect((await tryServer(', ssl_verify: os.environ/CORP_CA', { env })).result).toBe(200);
    expect((await tryServer(', ssl_verify: os.environ/UNSET_CA', { env })).result).toBe(
      'configuration_unusable',
    );
  });

  it('a PEM file is the only trust, unless system_roots adds the default one', async () => {
    const env = { SSL_CERT_FILE: file(ca.pem) };
    const settings = `, ssl_verify: ${file(stranger.pem)}`;
    expect((await tryServer(settings, { env })).result).toBe('tls_cert_issuer_unknown');
    const both = await tryServer(`${settings}, tls: { system_roots: true }`, { env });
    expect(both.result).toBe(200);
    expect(await both.sidecar.metric('mcp_tls_sidecar_ca_bundle_certificates', { server: 's' })).toBe(2);
  });
});

describe('default trust', () => {
  it('is SSL_CERT_FILE where it is set, and its source and count are logged', async () => {
    const SSL_CERT_FILE = file(ca.pem + stranger.pem);
    const { result, sidecar } = await tryServer(', ssl_verify: true', { env: { SSL_CERT_FILE } });
    expect(result).toBe(200);
    expect(sidecar.logs).toContainEqual(
      expect.objectContaining({
        msg: 'default trust',
        source: `SSL_CERT_FILE ${SSL_CERT_FILE}`,
        certificates: 2,
      }),
    );
  });

  it('does not fall back where SSL_CERT_FILE is unusable', async () => {
    const { result } = await tryServer(', ssl_verify: true', { env: { SSL_CERT_FILE: '/nowhere.pem' } });
    expect(result).toBe('configuration_unusable');
  });

  it.each(['HTTPX_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'NODE_EXTRA_CA_CERTS', 'SSL_VERIFY'])(
    'does not obey %s, and says what to use instead',
    async (variable) => {
      const { result, sidecar } = await tryServer('', { env: { [variable]: file(ca.pem) } });
      expect(result).toBe('tls_cert_issuer_unknown');
      expect(sidecar.logs).toContainEqual(expect.objectContaining({ level: 'warn', variable }));
    },
  );
});

describe('verification that is off', () => {
  it('is loud, and counts what it hides', async () => {
    const { sidecar } = await tryServer(', ssl_verify: false');
    expect(sidecar.logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'TLS verification is OFF for these servers',
        servers: ['s'],
      }),
    );
    expect(await sidecar.metric('mcp_tls_sidecar_verification_disabled', { server: 's' })).toBe(1);
    const hidden = { server: 's', reason: 'tls_cert_issuer_unknown' };
    expect(await sidecar.metric('mcp_tls_sidecar_unverified_handshakes_total', hidden)).toBe(1);
  });

  it('counts `none` for what would have been verified', async () => {
    const { sidecar } = await tryServer(', ssl_verify: false', { env: { SSL_CERT_FILE: file(ca.pem) } });
    const none = { server: 's', reason: 'none' };
    expect(await sidecar.metric('mcp_tls_sidecar_unverified_handshakes_total', none)).toBe(1);
  });
});

describe('tls.server_name', () => {
  it('is the SNI and the identity that is verified', async () => {
    const upstream = await startUpstream({ leaf: intermediate.issue('inner.test') });
    const entry = (name: string, tls: string) =>
      `  ${name}: { url: "https://127.0.0.1:${upstream.port}/mcp", ssl_verify: ${inline(ca.pem)}${tls} }\n`;
    const named = await startInProcess({
      config: `mcp_servers:\n${entry('s', ', tls: { server_name: inner.test }')}`,
    });
    expect((await fetch(`${named.proxyUrl}/s/mcp`)).status).toBe(200);
    expect(upstream.requests[0]).toMatchObject({ serverName: 'inner.test' });
    expect(upstream.requests[0]?.headers.host).toBe(`127.0.0.1:${upstream.port}`);

    const unnamed = await startInProcess({ config: `mcp_servers:\n${entry('s', '')}` });
    await expectFailure(await fetch(`${unnamed.proxyUrl}/s/mcp`), unnamed, {
      server: 's',
      reason: 'tls_cert_name_mismatch',
    });
  });
});

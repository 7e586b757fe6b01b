import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { objectIdentifier, sequence, taggedString } from '../../../src/ca/der.ts';
import { extension } from '../../../src/ca/extensions.ts';
import { withoutChain } from '../../../certs-fixtures/situation.ts';
import { makeReport, type Report } from '../../../src/doctor/report.ts';
import { configText } from '../../harness/config-text.ts';
import { listen } from '../../harness/listen.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { diagnoseConfig, type DiagnoseOptions } from './diagnose-config.ts';

const ca = createCa({ name: 'Corp Root CA' });
const leaf = ca.issue('mcp.test');

async function report(config: string, options: DiagnoseOptions = {}): Promise<Report> {
  const [evidence] = await diagnoseConfig(config, options);
  if (evidence === undefined) throw new Error('nothing was examined');
  return makeReport(evidence);
}

const step = ({ steps }: Report, id: string) => steps.find((one) => one.id === id);

test('it goes through the upstream proxy, shows it its login and nobody else', async () => {
  const heads: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request, socket) => {
    heads.push(JSON.stringify(request.headers));
    const inner = connect(Number(request.url?.split(':')[1]), '127.0.0.1');
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(inner).pipe(socket);
    inner.on('error', () => socket.destroy());
  });
  const { port: proxyPort } = await listen(proxy);
  const upstream = await startUpstream({ leaf });
  const config = configText(
    { one: { url: `https://mcp.test:${upstream.port}/mcp`, ssl_verify: ca.pem } },
    { upstream_proxy: `http://user:sesame@127.0.0.1:${proxyPort}` },
  );
  const found = await report(config);
  expect(found).toMatchObject({ cause: 'none', verdict: 'good' });
  expect(step(found, 'resolve')).toMatchObject({ status: 'skipped', detail: 'left to the upstream proxy' });
  expect(step(found, 'connect')?.detail).toContain('through the upstream proxy');
  expect(heads).toHaveLength(1);
  expect(heads[0]).toContain(`Basic ${Buffer.from('user:sesame').toString('base64')}`);
  expect(JSON.stringify(upstream.requests.map(({ rawHeaders }) => rawHeaders))).not.toMatch(
    /proxy-auth|authorization/i,
  );
  expect(JSON.stringify(found)).not.toContain('sesame');
});

test('an upstream proxy that cannot be reached is not laid at the door of the server', async () => {
  const closed = createServer();
  const { port } = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  const config = configText(
    { one: { url: 'https://mcp.test/mcp', ssl_verify: ca.pem } },
    { upstream_proxy: `http://user:sesame@127.0.0.1:${port}` },
  );
  const found = await report(config);
  expect(found).toMatchObject({ cause: 'upstream_proxy_unusable', fault: 'network', verdict: 'failed' });
  expect(JSON.stringify(found)).not.toContain('sesame');
});

test('a missing intermediate is named with the URL that the leaf gives, which nobody fetches', async () => {
  const depot = await startUpstream({ leaf, protocol: 'http' });
  const url = `http://127.0.0.1:${depot.port}/issuing-ca.crt`;
  const access = extension(
    '1.3.6.1.5.5.7.1.1',
    sequence(sequence(objectIdentifier('1.3.6.1.5.5.7.48.2'), taggedString(6, Buffer.from(url)))),
  );
  const issuing = ca.intermediate({ name: 'Corp Issuing CA' });
  const alone = withoutChain(issuing.issue('mcp.test', { extraExtensions: [access] }));
  const { port } = await startUpstream({ leaf: alone });
  const found = await report(
    configText({ one: { url: `https://mcp.test:${port}/mcp`, ssl_verify: ca.pem } }),
  );
  expect(found.cause).toBe('missing_intermediate');
  expect(found.sentence).toContain('"Corp Issuing CA"');
  expect(found.remedy.filter(({ text }) => text.includes(url)).map(({ kind }) => kind)).toEqual([
    'message',
    'do',
  ]);
  expect(depot.connections).toBe(0);
});

test('of the bundles at hand it says which one would verify the chain, and names that line', async () => {
  const { port } = await startUpstream({ leaf });
  const config = configText({
    wrong: { url: `https://mcp.test:${port}/mcp`, ssl_verify: createCa().pem },
    right: { url: 'https://other.test/mcp', tls: { verify_with: ca.pem }, ssl_verify: false },
  });
  const found = await report(config, { names: ['wrong'] });
  expect(found.cause).toBe('other_bundle_fits');
  expect(found.bundles.map(({ isUsed, verifies }) => [isUsed, verifies])).toEqual([
    [true, false],
    [false, false],
    [false, true],
  ]);
});

test('default trust that fits where a CA file does not is one line: ssl_verify: true', async () => {
  const { port } = await startUpstream({ leaf });
  const file = join(temporaryDirectory(), 'default.pem');
  writeFileSync(file, ca.pem);
  const config = configText({ one: { url: `https://mcp.test:${port}/mcp`, ssl_verify: createCa().pem } });
  const found = await report(config, { env: { SSL_CERT_FILE: file } });
  expect(found.remedy).toEqual([{ kind: 'yaml', text: 'mcp_servers:\n  one:\n    ssl_verify: true' }]);
});

test('a box that intercepts TLS is mentioned by the name of its CA', async () => {
  const box = createCa({ name: 'Zscaler Root CA' });
  const { port } = await startUpstream({
    leaf: box.intermediate({ name: 'Zscaler Intermediate' }).issue('mcp.test'),
  });
  const found = await report(
    configText({ one: { url: `https://mcp.test:${port}/mcp`, ssl_verify: ca.pem } }),
  );
  expect(found).toMatchObject({ cause: 'intercepting_proxy', fault: 'network' });
});

test('a clock that is wrong shows by every certificate being expired at once', async () => {
  const past = { notBefore: new Date('2001-01-01'), notAfter: new Date('2002-01-01') };
  const old = createCa(past);
  const { port } = await startUpstream({ leaf: old.issue('mcp.test', past) });
  const found = await report(
    configText({ one: { url: `https://mcp.test:${port}/mcp`, ssl_verify: old.pem } }),
  );
  expect(found).toMatchObject({ cause: 'clock_wrong', fault: 'client', reason: 'tls_cert_expired' });
});

test('addresses that serve never dials are not dialled, and hosts that it denies neither', async () => {
  const config = configText({}, { hosts: { 'denied.test': 'deny' }, unlisted_hosts: 'deny' });
  const found = await diagnoseConfig(config, {
    names: ['169.254.169.254', 'denied.test', 'http://plain.test/'],
  });
  expect(found.map((evidence) => makeReport(evidence)).map(({ cause, reason }) => [cause, reason])).toEqual([
    ['address_prohibited', 'address_prohibited'],
    ['denied', 'policy_denied'],
    ['denied', 'policy_denied'],
  ]);
});

test('a host goes by the entry that covers it, another port of it by the default trust', async () => {
  const { port } = await startUpstream({ leaf: ca.issue('a.corp.test') });
  const config = configText({}, { hosts: { [`*.corp.test:${port}`]: { ssl_verify: ca.pem } } });
  const [listed, strange] = await diagnoseConfig(config, { names: [`a.corp.test:${port}`, 'a.corp.test:1'] });
  expect(listed && makeReport(listed)).toMatchObject({ entry: `*.corp.test:${port}`, cause: 'none' });
  expect(strange && makeReport(strange)).toMatchObject({ entry: undefined, cause: 'connection_refused' });
});

test('a client certificate is shown where the server is to be verified, and nowhere else', async () => {
  const folder = temporaryDirectory();
  const client = ca.issue('client', { extendedKeyUsage: ['clientAuth'] });
  const [certificate, key] = [join(folder, 'client.pem'), join(folder, 'client.key')];
  writeFileSync(certificate, client.chain);
  writeFileSync(key, client.key);
  const shown: (string | undefined)[] = [];
  // Over TLS 1.2 the server is done first, and so has seen all that it will.
  const tls = { requestCert: true, rejectUnauthorized: false, ca: ca.pem, maxVersion: 'TLSv1.2' } as const;
  const upstream = await startUpstream({ leaf, tls });
  upstream.server.on('secureConnection', (socket: TLSSocket) =>
    shown.push(socket.getPeerX509Certificate()?.subject),
  );
  const entry = {
    url: `https://mcp.test:${upstream.port}/mcp`,
    tls: { client_certificate: certificate, client_key: key },
  };
  await report(configText({ one: { ...entry, ssl_verify: false } }));
  expect(shown).toEqual([undefined, undefined]);
  await report(configText({ one: { ...entry, ssl_verify: ca.pem } }));
  expect(shown.slice(2)).toEqual(['CN=client']);
});

import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const ca = createCa();
const good = ca.issue('mcp.test');
const other = ca.issue('mcp.test');
const withoutAki = ca.issue('mcp.test', { authorityKeyIdentifier: false });
const stranger = createCa().issue('mcp.test');

async function start(leaf: typeof good, tls: object, options: { closing?: boolean } = {}) {
  const upstream = await startUpstream({
    leaf,
    handler: (_, response) => {
      if (options.closing === true) response.setHeader('connection', 'close');
      response.end('ok');
    },
  });
  const authority = `mcp.test:${upstream.port}`;
  const config = configText({ mcp: { url: `https://${authority}/`, ssl_verify: ca.pem, tls } });
  return { upstream, sidecar: await startInProcess({ config }), named: { server: 'mcp', authority } };
}

describe.each(routes)('by $name', (route) => {
  it('a pinned key passes, whichever of the pins it is', async () => {
    const { sidecar, named } = await start(good, { pin_sha256: [other.pin, good.pin] });
    expect((await ask(sidecar.proxy, route.target(named, '/'))).status).toBe(200);
  });

  it('another key is refused, and the log has its pin', async () => {
    const { sidecar, named } = await start(good, { pin_sha256: [other.pin] });
    const answer = await ask(sidecar.proxy, route.target(named, '/'));
    await expectFailure(answer, sidecar, { server: 'mcp', reason: 'tls_cert_pin_mismatch' });
    expect(JSON.stringify(sidecar.logs)).toContain(good.pin);
  });

  it('a pin does not make a chain good that does not verify', async () => {
    const { sidecar, named } = await start(stranger, { pin_sha256: [stranger.pin] });
    const answer = await ask(sidecar.proxy, route.target(named, '/'));
    await expectFailure(answer, sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
  });

  it('strict rules refuse what Python 3.13 refuses, and say what', async () => {
    const { sidecar, named } = await start(withoutAki, { strict: true });
    const answer = await ask(sidecar.proxy, route.target(named, '/'));
    await expectFailure(answer, sidecar, { server: 'mcp', reason: 'tls_cert_strict' });
    expect(JSON.stringify(sidecar.logs)).toContain('missing_authority_key_identifier (certificate 0)');
  });
});

describe('TLS sessions', () => {
  it.each([
    ['pins', { pin_sha256: [good.pin] }],
    ['strict rules', { strict: true }],
  ])('are never resumed with %s', async (_, tls) => {
    const { sidecar, upstream } = await start(good, tls, { closing: true });
    for (let request = 0; request < 3; request++) await ask(sidecar.proxy, '/mcp/');
    expect(upstream.requests.map(({ connection, resumed }) => [connection, resumed])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  it('are resumed without them', async () => {
    const { sidecar, upstream } = await start(good, {}, { closing: true });
    for (let request = 0; request < 3; request++) await ask(sidecar.proxy, '/mcp/');
    expect(upstream.requests.some(({ resumed }) => resumed)).toBe(true);
  });
});

describe('tls.min_version', () => {
  it('refuses what speaks less', async () => {
    const upstream = await startUpstream({ leaf: good, tls: { maxVersion: 'TLSv1.2' } });
    const url = `https://mcp.test:${upstream.port}/`;
    const config = configText({
      lax: { url, ssl_verify: ca.pem },
      high: {
        url: url.replace('mcp.test', 'high.test'),
        ssl_verify: ca.pem,
        tls: { min_version: 'TLSv1.3' },
      },
    });
    const sidecar = await startInProcess({ config });
    expect((await ask(sidecar.proxy, '/lax/')).status).toBe(200);
    const answer = await ask(sidecar.proxy, '/high/');
    await expectFailure(answer, sidecar, { server: 'high', reason: 'tls_alert_received' });
  });
});

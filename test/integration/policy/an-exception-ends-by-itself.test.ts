import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream, type UpstreamOptions } from '../../harness/tls-upstream.ts';

const ca = createCa();
const stranger = createCa();
const until = Date.parse('2099-12-31T00:00:00Z');
const dayMs = 86_400_000;

/** A server under `ssl_verify: false` with an end, and a clock that the test sets. */
async function start(tls: object = {}, options: Partial<UpstreamOptions> = {}) {
  const upstream = await startUpstream({ leaf: stranger.issue('mcp.test'), ...options });
  const clock = { ms: until - 30 * dayMs };
  const entry = {
    url: `https://mcp.test:${upstream.port}/`,
    ssl_verify: false,
    tls: {
      insecure_until: '2099-12-31T00:00:00Z',
      insecure_reason: 'INFRA-123',
      verify_with: ca.pem,
      ...tls,
    },
  };
  const config = configText({ mcp: entry });
  const sidecar = await startInProcess({ config, now: () => clock.ms });
  const disabled = () => sidecar.metric('mcp_tls_sidecar_verification_disabled', { server: 'mcp' });
  const ask1 = () => ask(sidecar.proxy, '/mcp/');
  return { upstream, sidecar, clock, disabled, ask: ask1, entry };
}

describe('insecure_until', () => {
  it('is a gauge, and until then nothing is verified but judged by verify_with', async () => {
    const { sidecar, disabled, ask } = await start();
    expect((await ask()).status).toBe(200);
    expect(await disabled()).toBe(1);
    expect(await sidecar.metric('mcp_tls_sidecar_insecure_until_timestamp_seconds', { server: 'mcp' })).toBe(
      until / 1000,
    );
    const hidden = { server: 'mcp', reason: 'tls_cert_issuer_unknown' };
    expect(await sidecar.metric('mcp_tls_sidecar_unverified_handshakes_total', hidden)).toBe(1);
  });

  it('brings verification back at that very moment, for requests on warm connections too', async () => {
    const { sidecar, clock, disabled, ask, upstream } = await start();
    expect((await ask()).status).toBe(200);
    clock.ms = until - 1;
    expect((await ask()).status).toBe(200);
    expect(upstream.requests.at(-1)?.connection).toBe(1);
    clock.ms = until;
    await expectFailure(await ask(), sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
    await poll(async () => (await disabled()) === 0, { what: 'verification_disabled 0' });
    const lines = sidecar.logs.filter(
      ({ msg }) => msg === 'insecure_until has passed: TLS is verified again',
    );
    expect(lines).toHaveLength(1);
    const idle = () => sidecar.metric('mcp_tls_sidecar_open_connections', { server: 'mcp' });
    await poll(async () => (await idle()) === 0, { what: 'no connection left that was not verified' });
  });

  it('ends the connections that were not verified, and keeps the verified ones warm over a reload', async () => {
    const { sidecar, clock, ask, upstream } = await start({}, { leaf: ca.issue('mcp.test') });
    // The server itself ends none of them.
    upstream.server.keepAliveTimeout = 60_000;
    await ask();
    const open = () => sidecar.metric('mcp_tls_sidecar_open_connections', { server: 'mcp' });
    expect(await open()).toBe(1);
    clock.ms = until;
    await poll(async () => (await open()) === 0, { timeoutMs: 3_000, what: 'the end of the connection' });
    await ask();
    await sidecar.reload();
    await ask();
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([1, 2, 2]);
  });

  it('lets what verifies pass after it, on a new connection and without resuming', async () => {
    const { clock, ask, upstream } = await start({}, { leaf: ca.issue('mcp.test') });
    await ask();
    clock.ms = until;
    expect((await ask()).status).toBe(200);
    expect(upstream.requests.map(({ connection, resumed }) => [connection, resumed])).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  it('stays passed when the clock is set back, over a reload too, until the file gives a later date', async () => {
    const { sidecar, clock, ask, entry } = await start();
    clock.ms = until;
    await expectFailure(await ask(), sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
    clock.ms = until - 10 * dayMs;
    await expectFailure(await ask(), sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
    await sidecar.reload();
    await expectFailure(await ask(), sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
    sidecar.writeConfig(
      configText({ mcp: { ...entry, tls: { ...entry.tls, insecure_until: '2100-06-01T00:00:00Z' } } }),
    );
    await sidecar.reload();
    expect((await ask()).status).toBe(200);
  });

  it('warns once, a week ahead, with the reason', async () => {
    const { sidecar, clock } = await start();
    const warned = () =>
      sidecar.logs.filter(({ msg }) => msg === 'TLS verification of this server comes back within a week');
    expect(warned()).toEqual([]);
    clock.ms = until - 6 * dayMs;
    await poll(() => warned().length === 1, { what: 'the warning' });
    expect(warned()[0]).toMatchObject({ server: 'mcp', insecure_reason: 'INFRA-123' });
  });

  it('in years, beyond the range of a timer, does not fire at once', async () => {
    const { clock, ask, disabled } = await start({ insecure_until: '2199-01-01T00:00:00+02:00' });
    clock.ms = Date.now();
    expect((await ask()).status).toBe(200);
    expect(await disabled()).toBe(1);
  });

  it('an unverified session is never resumed where it is verified', async () => {
    const { clock, ask, sidecar, upstream } = await start(
      {},
      { handler: (_, response) => response.setHeader('connection', 'close').end('ok') },
    );
    for (let request = 0; request < 3; request++) await ask();
    clock.ms = until;
    await expectFailure(await ask(), sidecar, { server: 'mcp', reason: 'tls_cert_issuer_unknown' });
    expect(upstream.requests.map(({ resumed }) => resumed)).toEqual([false, false, false]);
  });

  it('verifies by the last good default trust where that has gone bad meanwhile', async () => {
    const trust = join(temporaryDirectory(), 'default.pem');
    writeFileSync(trust, ca.pem);
    const upstream = await startUpstream({ leaf: ca.issue('mcp.test') });
    const entry = {
      url: `https://mcp.test:${upstream.port}/`,
      ssl_verify: false,
      tls: { insecure_until: '2020-01-01T00:00:00Z' },
    };
    const env = { SSL_CERT_FILE: trust };
    const sidecar = await startInProcess({ config: configText({ mcp: entry }), env });
    expect((await ask(sidecar.proxy, '/mcp/')).status).toBe(200);
    writeFileSync(trust, 'cut short');
    expect((await sidecar.reload()).ok).toBe(false);
    expect((await ask(sidecar.proxy, '/mcp/')).status).toBe(200);
    expect(await sidecar.metric('mcp_tls_sidecar_server_stale', { server: 'mcp' })).toBe(1);
    expect(await sidecar.metric('mcp_tls_sidecar_verification_disabled', { server: 'mcp' })).toBe(0);
  });
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { startRawTcp, startRawUpstream } from '../../harness/raw-upstream.ts';
import { ask } from '../../harness/ask.ts';
import { routes } from '../../harness/routes.ts';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();
const leaf = root.issue(['mcp.test', 'localhost']);
const entryOf = (port: number, sslVerify = root.pem) => ({
  url: `https://mcp.test:${port}/mcp`,
  ssl_verify: sslVerify,
});

describe.each(routes)('on the route by $name', (route) => {
  const { target } = route;
  const targetAt = (port: number, path = '/mcp') =>
    target({ server: 'dev', authority: `mcp.test:${port}` }, path);

  it('a target with a fragment is request_malformed', async () => {
    const upstream = await startUpstream({ leaf });
    const sidecar = await startInProcess({ config: configText({ dev: entryOf(upstream.port) }) });
    const answer = await ask(sidecar.proxy, targetAt(upstream.port, '/mcp#fragment'));
    const server = route.serverOfGarbage({ server: 'dev', authority: '' });
    await expectFailure(answer, sidecar, { server, reason: 'request_malformed' });
    expect(upstream.requests).toEqual([]);
  });

  it('what no entry names is refused', async () => {
    const sidecar = await startInProcess({ config: configText({}, { unlisted_hosts: 'deny' }) });
    const answer = await ask(sidecar.proxy, targetAt(8443));
    const reason = route.findsHosts ? 'policy_denied' : 'server_unknown';
    await expectFailure(answer, sidecar, { server: 'unlisted', reason });
  });

  it('an entry whose bundle is missing is configuration_unusable, and the others work', async () => {
    const upstream = await startUpstream({ leaf });
    const other = await startUpstream({ leaf });
    const sidecar = await startInProcess({
      config: configText({
        dev: entryOf(upstream.port, '/does/not/exist.pem'),
        other: entryOf(other.port),
      }),
    });
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'configuration_unusable' });
    expect(answer.body).not.toContain('/does/not');
    expect(upstream.connections).toBe(0);
    const works = await ask(
      sidecar.proxy,
      target({ server: 'other', authority: `mcp.test:${other.port}` }, '/mcp'),
    );
    expect(works.status).toBe(200);
  });

  it('a name that leads to a metadata address is address_prohibited', async () => {
    const sidecar = await startInProcess({
      config: configText({ dev: entryOf(443) }),
      lookup: () => Promise.resolve([{ address: '169.254.169.254', family: 4 }]),
    });
    const answer = await ask(sidecar.proxy, targetAt(443));
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'address_prohibited' });
  });

  it('a server that leads back to the sidecar is loop_detected', async () => {
    let back = '';
    // Straight to the sidecar, as a reverse proxy with a wrong target does.
    const upstream = await startRawUpstream({
      leaf,
      onConnection: (socket) => {
        const { hostname, port } = new URL(`http://${back}`);
        const inner = connect(Number(port), hostname);
        cleanUp(() => inner.destroy());
        inner.on('error', () => undefined);
        socket.pipe(inner).pipe(socket);
      },
    });
    const sidecar = await startInProcess({
      config: configText(
        { dev: { ...entryOf(upstream.port), url: `https://mcp.test:${upstream.port}/dev/mcp` } },
        { allowed_hosts: ['mcp.test'] },
      ),
    });
    back = sidecar.proxy;
    const answer = await ask(sidecar.proxy, targetAt(upstream.port, '/dev/mcp'));
    // The Proxy-Status of the inner refusal ended on its way through the outer hop, as every Proxy-* header does.
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ reason: 'loop_detected', phase: 'policy' });
    await expectFailure(undefined, sidecar, { server: 'dev', reason: 'loop_detected' });
    expect(upstream.connections).toBe(1);
  });

  it('a request that names this sidecar in Via is loop_detected, one that names another is not', async () => {
    const upstream = await startUpstream({ leaf });
    const sidecar = await startInProcess({ config: configText({ dev: entryOf(upstream.port) }) });
    const askWith = (via: string) => ask(sidecar.proxy, targetAt(upstream.port), { headers: { Via: via } });
    expect((await askWith('1.1 mcp-tls-sidecar-00000000, HTTP/1.1 other:80 (a comment)')).status).toBe(200);
    const [others = '', ours = ''] =
      /^(.*), 1\.1 (\S+)$/.exec(upstream.requests[0]?.headers.via ?? '')?.slice(1) ?? [];
    expect(others).toBe('1.1 mcp-tls-sidecar-00000000, HTTP/1.1 other:80 (a comment)');
    const answer = await askWith(`1.0 fred, 1.1 ${ours} (again)`);
    await expectFailure(answer, sidecar, { server: 'dev', reason: 'loop_detected' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('a connection beyond limits.connections is limit_reached, and served once there is room', async () => {
    const upstream = await startUpstream({ leaf });
    const sidecar = await startInProcess({
      config: configText({ dev: entryOf(upstream.port) }, { limits: { connections: 1 } }),
    });
    const idle = connect(Number(new URL(sidecar.proxyUrl).port), '127.0.0.1');
    cleanUp(() => idle.destroy());
    await once(idle, 'connect');
    const answer = await ask(sidecar.proxy, targetAt(upstream.port));
    await expectFailure(answer, sidecar, { server: 'unlisted', reason: 'limit_reached' });
    expect(answer.header('connection')).toBe('close');
    expect(upstream.requests).toEqual([]);
    idle.destroy();
    await poll(async () => (await ask(sidecar.proxy, targetAt(upstream.port))).status === 200);
  });

  it('a request that a reload ends before its answer is draining', async () => {
    const upstream = await startUpstream({ leaf, handler: () => undefined });
    const sidecar = await startInProcess({ config: configText({ dev: entryOf(upstream.port) }) });
    const pending = ask(sidecar.proxy, targetAt(upstream.port));
    await poll(() => upstream.requests.length === 1);
    sidecar.writeConfig(configText({ dev: entryOf(upstream.port, createCa().pem) }));
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await expectFailure(await pending, sidecar, { server: 'dev', reason: 'draining' });
    await poll(() => upstream.requests[0]?.cancelled, { what: 'the cancelled request' });
  });

  it('a request that a reload ends while its handshake stalls is draining', async () => {
    const stalled = await startRawTcp((socket) => socket.resume());
    const { port } = stalled;
    const sidecar = await startInProcess({ config: configText({ dev: entryOf(port) }) });
    const pending = ask(sidecar.proxy, targetAt(port));
    await poll(() => stalled.connections === 1);
    sidecar.writeConfig(configText({ dev: entryOf(port, createCa().pem) }));
    expect((await sidecar.reload('?close=changed')).status).toBe(200);
    await expectFailure(await pending, sidecar, { server: 'dev', reason: 'draining' });
    // Nothing is known of the handshake that was cut short.
    const failures = await sidecar.metric('mcp_tls_sidecar_upstream_handshake_failures_total', {
      server: 'dev',
    });
    expect(failures).toBe(0);
  });

  it('a request that outlives timeouts.drain after SIGTERM is draining, and the exit code 0', async () => {
    const upstream = await startUpstream({ leaf, handler: () => undefined });
    const authority = `localhost:${upstream.port}`;
    const sidecar = await startSidecar({
      config: configText(
        { dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } },
        { timeouts: { drain: '300ms' } },
      ),
    });
    const pending = ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
    await poll(() => upstream.requests.length === 1);
    const stopped = sidecar.stop();
    const answer = await pending;
    expect(answer).toMatchObject({ status: 503 });
    expect(answer.header('proxy-status')).toBe(
      'mcp-tls-sidecar; error=destination_unavailable; details="draining"',
    );
    expect(await Promise.race([stopped, delay(5_000, 'still running')])).toBe(0);
    expect(sidecar.logs).toContainEqual(expect.objectContaining({ server: 'dev', reason: 'draining' }));
  });

  it('a host entry that says deny is policy_denied where hosts are named, and no base URL', async () => {
    const sidecar = await startInProcess({
      config: configText({}, { hosts: { 'mcp.test:8443': 'deny' } }),
    });
    const answer = await ask(
      sidecar.proxy,
      target({ server: 'mcp.test:8443', authority: 'mcp.test:8443' }, '/mcp'),
    );
    const expected = route.findsHosts
      ? ({ server: 'mcp.test:8443', reason: 'policy_denied' } as const)
      : ({ server: 'unlisted', reason: 'server_unknown' } as const);
    await expectFailure(answer, sidecar, expected);
  });
});

import { request } from 'node:http';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTrustingTls } from '../../harness/open-tunnel.ts';
import { parseResponses } from '../../harness/parse-responses.ts';
import { poll } from '../../harness/poll.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { remoteMissing, startShared } from './remote-setup.ts';

const ca = createCa();
const leaf = ca.issue('mcp.test');

async function startListed() {
  const upstream = await startUpstream({ leaf });
  const authority = `mcp.test:${upstream.port}`;
  const shared = await startShared(
    { mcp: { url: `https://${authority}/`, ssl_verify: ca.pem } },
    { timeouts: { drain: '3s' } },
  );
  const target = `https://${authority}/`;
  const inTunnel = async () => {
    const { remote } = shared;
    const socket = await startTrustingTls(
      remote.proxy,
      await openTunnel(remote.proxy, authority),
      'mcp.test',
    );
    return async () => {
      const bytes = `GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
      const received = await sendRaw({ socket, bytes, until: (text) => /\}/.test(text) });
      return parseResponses(received)[0];
    };
  };
  return { ...shared, upstream, authority, target, inTunnel };
}

describe.skipIf(remoteMissing)('a client on another machine (needs an address beyond loopback)', () => {
  it('is refused as soon as the configuration no longer allows it, though we listen there still', async () => {
    const { local, remote, target, authority, inTunnel, writeConfig } = await startListed();
    expect((await ask(remote.proxy, target)).status).toBe(200);
    const requestInside = await inTunnel();
    writeConfig({ allow_remote_clients: false, listen: '127.0.0.1:0', admin: '127.0.0.1:0' });
    expect((await local.reload()).status).toBe(200);
    await expectFailure(await ask(remote.proxy, target), remote, {
      server: 'unlisted',
      reason: 'policy_denied',
    });
    // Nor by a CONNECT that was granted before.
    await expectFailure(await requestInside(), remote, { server: 'mcp', reason: 'policy_denied' });
    expect((await ask(local.proxy, `https://${authority}/`)).status).toBe(200);
    expect((await ask(local.proxy, '/mcp/x')).status).toBe(200);
  });

  it('is told draining while clients on this machine are served', async () => {
    const { local, remote, target, inTunnel, drain } = await startListed();
    const requestInside = await inTunnel();
    const drained = drain();
    await expectFailure(await ask(remote.proxy, target), remote, { server: 'unlisted', reason: 'draining' });
    expect((await ask(local.proxy, '/mcp/x')).status).toBe(200);
    expect((await ask(local.proxy, target)).status).toBe(200);
    await expectFailure(await requestInside(), remote, { server: 'mcp', reason: 'draining' });
    await drained;
  });

  it('reads metrics and health, sees no status and reloads nothing', async () => {
    const { local, remote } = await startListed();
    for (const path of ['/metrics', '/livez', '/readyz'])
      expect((await fetch(`${remote.adminUrl}${path}`)).status).toBe(200);
    const reloads = () => local.metric('mcp_tls_sidecar_config_reloads_total', { result: 'success' });
    const before = await reloads();
    for (const host of ['127.0.0.1', 'localhost', new URL(remote.adminUrl).host])
      for (const [method, path] of [
        ['POST', '/-/reload'],
        ['GET', '/'],
        ['GET', '/api/servers'],
      ] as const) {
        const headers = { Host: host, 'X-Forwarded-For': '127.0.0.1' };
        const outgoing = request(`${remote.adminUrl}${path}`, { method, headers, agent: false }).end();
        const [response] = (await once(outgoing, 'response')) as [{ statusCode: number; resume: () => void }];
        response.resume();
        expect({ host, path, status: response.statusCode }).toEqual({ host, path, status: 403 });
      }
    expect(await reloads()).toBe(before);
    expect((await local.reload()).status).toBe(200);
    await poll(async () => (await reloads()) === (before ?? 0) + 1, { what: 'one reload' });
  });
});

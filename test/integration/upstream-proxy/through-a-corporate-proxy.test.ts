import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { corporateProxies, startCorporateProxy, startTlsBefore } from '../../harness/corporate-proxy.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { openTunnel, startTlsInside } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { routes } from '../../harness/routes.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream, type Handler } from '../../harness/tls-upstream.ts';

const root = createCa();
const logins = {
  squid: { name: 'sidecar', password: 'hunter2:/@? %' },
  tinyproxy: { name: 'sidecar', password: 'hunter2' },
};
const secrets = Object.values(logins).flatMap((login) => [
  login.password,
  encodeURIComponent(login.password),
  basic(login),
]);

function basic({ name, password }: { name: string; password: string }): string {
  return Buffer.from(`${name}:${password}`).toString('base64');
}

/** The sidecar resolves nothing by itself: what it reaches, it reaches through the proxy. */
const noLookup = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));

async function startBehind(proxyUrl: string, settings: Record<string, unknown> = {}, handler?: Handler) {
  const leaf = root.issue(['localhost', '127.0.0.1']);
  const upstream = await startUpstream({ leaf, ...(handler && { handler }) });
  const authority = `localhost:${upstream.port}`;
  const sidecar = await startInProcess({
    config: configText(
      { dev: { url: `https://${authority}/mcp` } },
      { upstream_proxy: proxyUrl, ssl_verify: root.pem, ...settings },
    ),
    lookup: noLookup,
  });
  return { upstream, sidecar, named: { server: 'dev', authority } };
}

async function expectNoSecret(sidecar: Sidecar, answers: readonly string[] = []): Promise<void> {
  const metrics = await (await fetch(`${sidecar.adminUrl}/metrics`)).text();
  const said = [JSON.stringify(sidecar.logs), metrics, ...answers].join('\n');
  for (const secret of secrets) expect(said).not.toContain(secret);
}

describe.each(corporateProxies)('%s as the upstream proxy', (kind) => {
  const login = logins[kind];
  const userinfo = `${login.name}:${encodeURIComponent(login.password)}@`;

  describe.skipIf(toolMissing(kind) || toolMissing('openssl'))(`(needs ${kind} and openssl)`, () => {
    it('serves every route', async () => {
      const proxy = await startCorporateProxy(kind);
      const { sidecar, named, upstream } = await startBehind(`http://${proxy.authority}`);
      for (const { target } of routes)
        expect((await ask(sidecar.proxy, target(named, '/mcp'))).body).toBe('{"ok":true}');
      expect(upstream.requests).toHaveLength(routes.length);
      await poll(() => proxy.accessLog().includes(`CONNECT ${named.authority}`), { what: 'its access log' });
      // Nothing of the proxy reaches the server.
      for (const { headers } of upstream.requests)
        expect(Object.keys(headers).filter((name) => name.startsWith('proxy-'))).toEqual([]);
    });

    it('is given the credentials of the url, which are shown nowhere', async () => {
      const proxy = await startCorporateProxy(kind, { login });
      const { sidecar, named, upstream } = await startBehind(`http://${userinfo}${proxy.authority}`);
      for (const { target } of routes)
        expect((await ask(sidecar.proxy, target(named, '/mcp'))).status).toBe(200);
      expect(JSON.stringify(upstream.requests)).not.toContain(basic(login));
      await expectNoSecret(sidecar);
    });

    it.each([
      ['none', ''],
      ['a wrong password', `${login.name}:wrong@`],
    ])('refuses %s with 407, which is upstream_proxy_refused', async (_, wrong) => {
      const proxy = await startCorporateProxy(kind, { login });
      const { sidecar, named, upstream } = await startBehind(`http://${wrong}${proxy.authority}`);
      for (const { target } of routes) {
        const answer = await ask(sidecar.proxy, target(named, '/mcp'));
        await expectFailure(answer, sidecar, { server: 'dev', reason: 'upstream_proxy_refused' });
        // A 407 of ours would have clients send us the credentials that they have for the proxy.
        expect(answer.header('proxy-authenticate')).toBeNull();
        // tinyproxy has 401 for credentials that are wrong.
        expect(answer.body).toMatch(/wants a login \(40[17]\)/);
        await expectNoSecret(sidecar, [answer.body]);
      }
      expect(upstream.connections).toBe(0);
    });

    it('refuses a host with 403, which is upstream_proxy_refused', async () => {
      const proxy = await startCorporateProxy(kind, { denied: ['localhost'] });
      const { sidecar, named, upstream } = await startBehind(`http://${proxy.authority}`);
      for (const { target } of routes) {
        const answer = await ask(sidecar.proxy, target(named, '/mcp'));
        await expectFailure(answer, sidecar, { server: 'dev', reason: 'upstream_proxy_refused' });
        expect(answer.body).toContain('403');
      }
      expect(upstream.connections).toBe(0);
    });

    it('that is gone is connect_refused', async () => {
      const proxy = await startCorporateProxy(kind);
      const { sidecar, named } = await startBehind(`http://${proxy.authority}`);
      await proxy.kill();
      for (const { target } of routes) {
        const answer = await ask(sidecar.proxy, target(named, '/mcp'));
        await expectFailure(answer, sidecar, { server: 'dev', reason: 'connect_refused' });
      }
    });

    it('that dies amid a response ends it visibly, as response_incomplete', async () => {
      const streaming: Handler = (_, response) => void response.write('data: 1\n\n');
      for (const { target } of routes) {
        const proxy = await startCorporateProxy(kind);
        const { sidecar, named, upstream } = await startBehind(`http://${proxy.authority}`, {}, streaming);
        const pending = ask(sidecar.proxy, target(named, '/mcp'));
        await poll(() => upstream.requests.length === 1, { what: 'the request upstream' });
        // Its first event has gone through.
        await poll(async () => (await sidecar.metric('mcp_tls_sidecar_open_streams')) === 1);
        await proxy.kill();
        const answer = await pending;
        expect(answer.complete).toBe(false);
        await expectFailure(answer.status === 200 ? undefined : answer, sidecar, {
          server: 'dev',
          reason: answer.status === 200 ? 'response_incomplete' : 'connection_lost',
        });
      }
    });

    it('is spoken to over verified TLS where its url says https', async () => {
      const proxy = await startCorporateProxy(kind, { login });
      const front = await startTlsBefore(proxy, root.issue('127.0.0.1'));
      const { sidecar, named } = await startBehind(`https://${userinfo}${front.authority}`);
      for (const { target } of routes)
        expect((await ask(sidecar.proxy, target(named, '/mcp'))).status).toBe(200);
      expect(front.connections).toBeGreaterThan(0);
      await expectNoSecret(sidecar);
    });

    it('gets no credentials where its certificate does not verify', async () => {
      const proxy = await startCorporateProxy(kind, { login });
      const front = await startTlsBefore(proxy, createCa().issue('127.0.0.1'));
      const { sidecar, named } = await startBehind(`https://${userinfo}${front.authority}`);
      for (const { target } of routes) {
        const answer = await ask(sidecar.proxy, target(named, '/mcp'));
        await expectFailure(answer, sidecar, { server: 'dev', reason: 'tls_cert_issuer_unknown' });
      }
      expect(proxy.accessLog()).not.toContain(named.authority);
    });

    it('is gone around for what no_proxy names, and for nothing else', async () => {
      const proxy = await startCorporateProxy(kind);
      const direct = await startUpstream({ leaf: root.issue('localhost') });
      const { sidecar, named } = await startBehind(`http://${proxy.authority}`);
      sidecar.writeConfig(
        configText(
          {
            dev: { url: `https://${named.authority}/mcp` },
            direct: { url: `https://localhost:${direct.port}/mcp` },
            near: { url: `https://127.0.0.1:${direct.port}/mcp` },
          },
          {
            upstream_proxy: `http://${proxy.authority}`,
            ssl_verify: root.pem,
            no_proxy: [`localhost:${direct.port}`, '127.0.0.0/30'],
          },
        ),
      );
      expect((await sidecar.reload()).status).toBe(200);
      expect((await ask(sidecar.proxy, '/dev/mcp')).status).toBe(200);
      // It is resolved here, where nothing is found: so it did not go through the proxy.
      const answer = await ask(sidecar.proxy, '/direct/mcp');
      await expectFailure(answer, sidecar, { server: 'direct', reason: 'dns_failed' });
      const literal = await ask(sidecar.proxy, '/near/mcp');
      await expectFailure(literal, sidecar, { server: 'near', reason: 'tls_cert_name_mismatch' });
      await poll(() => proxy.accessLog().includes(named.authority));
      expect(proxy.accessLog()).not.toContain(String(direct.port));
    });

    it('carries blind tunnels, whose client verifies the server itself', async () => {
      const proxy = await startCorporateProxy(kind, { login });
      const { sidecar } = await startBehind(`http://${userinfo}${proxy.authority}`);
      const other = createCa();
      const unlisted = await startUpstream({ leaf: other.issue('localhost') });
      const tunnel = await openTunnel(sidecar.proxy, `localhost:${unlisted.port}`);
      expect(tunnel.response.status).toBe(200);
      const socket = await startTlsInside(tunnel, { ca: other.pem, servername: 'localhost' });
      socket.write('GET /blind HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      await poll(() => unlisted.requests.length === 1);
      expect(unlisted.requests[0]).toMatchObject({ url: '/blind' });
      expect(unlisted.requests[0]?.headers).not.toHaveProperty('via');
      await expectNoSecret(sidecar);
    });

    it('that dies in mid-tunnel ends a blind tunnel', async () => {
      const proxy = await startCorporateProxy(kind);
      const { sidecar } = await startBehind(`http://${proxy.authority}`);
      const other = createCa();
      const unlisted = await startUpstream({ leaf: other.issue('localhost') });
      const tunnel = await openTunnel(sidecar.proxy, `localhost:${unlisted.port}`);
      expect(tunnel.response.status).toBe(200);
      const socket = await startTlsInside(tunnel, { ca: other.pem, servername: 'localhost' });
      let closed = false;
      socket.once('close', () => (closed = true));
      await proxy.kill();
      await poll(() => closed, { what: 'the end of the tunnel', timeoutMs: 2_000 });
      const logged = () =>
        sidecar.logs.some(({ server, route }) => server === 'unlisted' && route === 'connect');
      await poll(logged, { what: 'its log line' });
      expect(await sidecar.metric('mcp_tls_sidecar_open_streams', { server: 'unlisted' })).toBeUndefined();
    });

    it('forwards plain http in absolute form, with its credentials', async () => {
      const proxy = await startCorporateProxy(kind, { login });
      const plain = await startUpstream({ protocol: 'http' });
      const { sidecar } = await startBehind(`http://${userinfo}${proxy.authority}`, {
        unlisted_plaintext: 'pass',
      });
      const answer = await ask(sidecar.proxy, `http://localhost:${plain.port}/x`);
      expect(answer.status).toBe(200);
      expect(plain.requests[0]?.headers['proxy-authorization']).toBeUndefined();
      await expectNoSecret(sidecar);
    });
  });
});

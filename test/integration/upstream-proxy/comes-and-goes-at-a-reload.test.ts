import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { corporateProxies, startCorporateProxy } from '../../harness/corporate-proxy.ts';
import { openTunnel, startTlsInside } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { routes } from '../../harness/routes.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';

const root = createCa();

describe.each(corporateProxies)('%s as the upstream proxy', (kind) => {
  describe.skipIf(toolMissing(kind) || toolMissing('openssl'))(`(needs ${kind} and openssl)`, () => {
    it.each(routes)(
      'added, removed or changed by a reload: no request goes on a warm connection of another way, $name',
      async ({ target }) => {
        const [first, second] = [await startCorporateProxy(kind), await startCorporateProxy(kind)];
        const upstream = await startUpstream({ leaf: root.issue('localhost') });
        const authority = `localhost:${upstream.port}`;
        const config = (proxy: { authority: string } | null, no_proxy: string[] = []) =>
          configText(
            { dev: { url: `https://${authority}/mcp`, ssl_verify: root.pem } },
            { upstream_proxy: proxy && `http://${proxy.authority}`, no_proxy },
          );
        const sidecar = await startInProcess({ config: config(null) });
        const request = async () => {
          const answer = await ask(sidecar.proxy, target({ server: 'dev', authority }, '/mcp'));
          expect(answer.status).toBe(200);
          const { connection, resumed } = upstream.requests.at(-1) ?? {};
          return { connection, resumed };
        };
        const steps = [
          config(first),
          config(null),
          config(second),
          config(first),
          config(first, [authority]),
          config(second),
        ];
        let last = await request();
        for (const [index, text] of steps.entries()) {
          // Warm it was: the next request of the same way goes on it.
          expect((await request()).connection).toBe(last.connection);
          sidecar.writeConfig(text);
          expect((await sidecar.reload()).status).toBe(200);
          const next = await request();
          expect(next).toEqual({ connection: index + 2, resumed: false });
          last = next;
        }
        // Nothing of the ways before is kept.
        const open = () => sidecar.metric('mcp_tls_sidecar_open_connections', { server: 'dev' });
        await poll(async () => (await open()) === 1, { what: 'one connection' });
        // Each of the proxies was asked for as many tunnels as there were ways by it, and for nothing else.
        const tunnels = (log: string) =>
          log.split('\n').filter((line) => line.includes(`CONNECT ${authority}`));
        await sidecar.close();
        await poll(() => tunnels(first.accessLog()).length >= 2, { what: 'the log of the first' });
        await poll(() => tunnels(second.accessLog()).length >= 2, { what: 'the log of the second' });
        expect([first, second].map((proxy) => tunnels(proxy.accessLog()).length)).toEqual([2, 2]);
      },
    );

    it('added by a reload takes new blind tunnels, while those that stand go on as they were', async () => {
      const proxy = await startCorporateProxy(kind);
      const upstream = await startUpstream({ leaf: root.issue('localhost') });
      const authority = `localhost:${upstream.port}`;
      const sidecar = await startInProcess({ config: configText({}) });
      const open = async () =>
        startTlsInside(await openTunnel(sidecar.proxy, authority), { ca: root.pem, servername: 'localhost' });
      const request = async (socket: Awaited<ReturnType<typeof open>>) => {
        const count = upstream.requests.length;
        socket.write(`GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
        await poll(() => upstream.requests.length > count, { what: 'the request upstream' });
        return upstream.requests.at(-1)?.connection;
      };
      const before = await open();
      expect(await request(before)).toBe(1);
      sidecar.writeConfig(configText({}, { upstream_proxy: `http://${proxy.authority}` }));
      expect((await sidecar.reload()).status).toBe(200);
      expect(await request(before)).toBe(1);
      expect(proxy.accessLog()).not.toContain(authority);
      const after = await open();
      expect(await request(after)).toBe(2);
      after.end();
      await poll(() => proxy.accessLog().includes(`CONNECT ${authority}`), { what: 'its access log' });
    });
  });
});

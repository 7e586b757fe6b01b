import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { routes, type RouteUnderTest } from '../../harness/routes.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { rawClient } from './raw-client.ts';
import { caPem, leaf, server } from './relay-setup.ts';

const visitors = 40;

/** What a client does to its request, and with what the server answers. */
const endings = [
  'answered',
  'denied',
  'left',
  'reset',
  'server left',
  'never finished',
  'too early',
] as const;

const descriptors = ({ pid }: SidecarProcess): number => readdirSync(`/proc/${pid}/fd`).length;

it.skipIf(process.platform !== 'linux')(
  'after hundreds of requests that ended well and badly, not one socket is left',
  async () => {
    const upstream = await startUpstream({
      leaf,
      recordBodies: false,
      handler: (request, response) => {
        if (request.url === '/server-left') response.write('x', () => request.socket.destroy());
        else if (request.url === '/too-early') response.writeHead(413, { Connection: 'close' }).end();
        else if (request.url === '/answered') request.resume().on('end', () => response.end('ok'));
        else response.write('data: 1\n\n');
      },
    });
    const authority = `localhost:${upstream.port}`;
    const sidecar = await startSidecar({
      config: configText({ [server]: { url: `https://${authority}/`, ssl_verify: caPem } }),
    });
    await fetch(`${sidecar.adminUrl}/metrics`, { headers: { connection: 'close' } });
    const before = descriptors(sidecar);
    for (const route of routes) await Promise.all(endings.flatMap((ending) => visits(route, ending)));

    const reused = () => sidecar.metric('mcp_tls_sidecar_open_connections', { server });
    await poll(async () => (await sidecar.metric('mcp_tls_sidecar_open_streams')) === 0);
    // What is kept warm goes when the server closes it; `fetch` of the metrics keeps one to the admin listener.
    upstream.server.closeAllConnections();
    await poll(async () => (await reused()) === 0);
    await poll(() => descriptors(sidecar) <= before + 1, { what: `${before} descriptors again` });
    const total = endings.length * visitors * routes.length;
    process.stdout.write(`${before} descriptors before ${total} requests, ${descriptors(sidecar)} after\n`);

    function visits(route: RouteUnderTest, ending: (typeof endings)[number]): Promise<void>[] {
      return Array.from({ length: visitors }, () => visit(route, ending));
    }

    async function visit(route: RouteUnderTest, ending: (typeof endings)[number]): Promise<void> {
      const named = { server, authority };
      const client = rawClient(await route.connect(sidecar.proxy, named));
      const path =
        ending === 'denied' ? route.lineToNowhere : route.line(named, `/${ending.replace(' ', '-')}`);
      const length = ending === 'never finished' || ending === 'too early' ? 1_000_000 : 1;
      client.write(
        `POST ${path} HTTP/1.1\r\nHost: ${route.host(named)}\r\nContent-Length: ${length}\r\n\r\nx`,
      );
      await client.until('\r\n\r\n');
      if (ending === 'reset') client.reset();
      else client.leave();
      expect(client.received).toMatch(/^HTTP\/1\.1 (200|413|403|421|500) /);
    }
  },
);

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { startEverythingBoth, type EverythingTransport } from '../../harness/mcp-upstream.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import {
  modelAnswer,
  protocolVersion,
  sdks,
  userName,
  type ConnectOptions,
  type Sdk,
} from './sdk-clients.ts';
import { clientRoutes, type ClientRoute, type McpServer } from './sdk-routes.ts';

const servers: Record<EverythingTransport, Omit<McpServer, 'port'>> = {
  streamableHttp: { transport: 'streamableHttp', name: 'everything', host: 'mcp.test' },
  sse: { transport: 'sse', name: 'everything-sse', host: 'sse.test' },
};
const table = sdks.flatMap((sdk) =>
  Object.values(servers).flatMap((server) =>
    clientRoutes.map((route) => ({
      sdk,
      server,
      route,
      title: `${sdk.name} over ${server.transport} on the ${route.name} route`,
    })),
  ),
);
const resumable = table.filter(({ server }) => server.transport === 'streamableHttp');

let sidecar: InProcessSidecar;
let ports: Record<EverythingTransport, number>;
const closes: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const root = createCa();
  // What Python 3.13 refuses with "Missing Authority Key Identifier".
  const leaf = root.issue(['mcp.test', 'sse.test'], { authorityKeyIdentifier: false });
  const both = await startEverythingBoth(leaf);
  ports = { streamableHttp: both.streamableHttp.port, sse: both.sse.port };
  const entry = (host: string, { port, path }: { port: number; path: string }) => ({
    url: `https://${host}:${port}${path}`,
    ssl_verify: root.pem,
  });
  sidecar = await startInProcess({
    config: configText({
      [servers.streamableHttp.name]: entry('mcp.test', both.streamableHttp),
      [servers.sse.name]: entry('sse.test', both.sse),
    }),
  });
  closes.push(sidecar.close, both.streamableHttp.close, both.sse.close);
});

afterAll(async () => {
  for (const close of closes) await close();
});

interface Row {
  readonly sdk: Sdk;
  readonly server: Omit<McpServer, 'port'>;
  readonly route: ClientRoute;
}

async function connect({ sdk, server, route }: Row, options: Partial<ConnectOptions> = {}) {
  const client = await sdk.connect({
    transport: server.transport,
    ...route.reach(sidecar, { ...server, port: ports[server.transport] }),
    ...options,
  });
  cleanUp(() => client.close());
  return client;
}

for (const row of table)
  describe(row.title, () => {
    it('initializes, lists and calls', async () => {
      const client = await connect(row);
      expect(client.serverName).toBe('mcp-servers/everything');
      expect(await client.listTools()).toEqual(expect.arrayContaining(['echo', 'get-sum', 'get-tiny-image']));
      expect(await client.call('echo', { message: 'grüße' })).toBe('Echo: grüße');
      const calls = Array.from({ length: 8 }, (_, index) => client.call('get-sum', { a: index, b: 1 }));
      expect(await Promise.all(calls)).toEqual(
        Array.from({ length: 8 }, (_, index) => `The sum of ${index} and 1 is ${index + 1}.`),
      );
    });

    it('gets progress, and notifications that nobody asked for', async () => {
      const logged: unknown[] = [];
      const client = await connect(row, { onLog: (data) => logged.push(data) });
      const seen: number[] = [];
      const operation = client.call(
        'trigger-long-running-operation',
        { duration: 0.3, steps: 3 },
        { onprogress: ({ progress }) => seen.push(progress) },
      );
      expect(await operation).toContain('Long running operation completed');
      // The third goes unseen where the result is in the same chunk: both SDKs then drop it, without a proxy too.
      expect(seen.slice(0, 2)).toEqual([1, 2]);
      // That each comes at its time, the call below shows that is cancelled long before its end.
      await client.call('toggle-simulated-logging', {});
      await poll(() => logged.some((data) => /message/i.test(String(data))), {
        what: 'notifications/message',
      });
      await client.call('toggle-simulated-logging', {});
    });

    it('answers what the server asks: its model and its user', async () => {
      const client = await connect(row);
      // The tools that ask are there once the server knows what the client can do.
      const asking = ['trigger-sampling-request', 'trigger-elicitation-request'];
      expect(await client.listTools()).toEqual(expect.arrayContaining(asking));
      const sampled = await client.call('trigger-sampling-request', { prompt: 'hello', maxTokens: 10 });
      expect(sampled).toContain(modelAnswer);
      expect(await client.call('trigger-elicitation-request', {})).toContain(`Name: ${userName}`);
    });

    it('gets progress while a call goes on, cancels it and goes on with the session', async () => {
      const client = await connect(row);
      const controller = new AbortController();
      const seen: number[] = [];
      const operation = client.call(
        'trigger-long-running-operation',
        { duration: 60, steps: 600 },
        { signal: controller.signal, onprogress: ({ progress }) => seen.push(progress) },
      );
      operation.catch(() => undefined);
      await poll(() => seen.length > 1, { what: 'progress' });
      controller.abort(new Error('enough'));
      await expect(operation).rejects.toThrow('enough');
      expect(await client.call('echo', { message: 'still here' })).toBe('Echo: still here');
    });
  });

for (const row of resumable)
  describe(row.title, () => {
    it('replays what it missed, with Last-Event-ID, after the client was gone', async () => {
      const first = await connect(row);
      const tokens: string[] = [];
      const seen: number[] = [];
      const args = { duration: 0.4, steps: 4 };
      const interrupted = first.call('trigger-long-running-operation', args, {
        onprogress: ({ progress }) => seen.push(progress),
        onresumptiontoken: (token) => tokens.push(token),
      });
      interrupted.catch(() => undefined);
      await poll(() => seen.length > 0, { what: 'progress' });
      const { sessionId: id = '' } = first;
      const resumptionToken = tokens.at(-1) ?? '';
      await first.close();
      await expect(interrupted).rejects.toThrow();

      const second = await connect(row, { session: { id, protocolVersion } });
      // This server replays what it has, but sends nothing more on such a stream: ask until the result is there.
      const resume = () =>
        second.call('trigger-long-running-operation', args, { resumptionToken, timeout: 200 });
      expect(await poll(resume, { what: 'the replay of the result' })).toContain('operation completed');
      await second.terminate();
    });
  });

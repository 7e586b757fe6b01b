import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { protocolVersion, sdks, type ConnectOptions, type Sdk } from './sdk-clients.ts';
import { clientRoutes, type ClientRoute, type McpServer } from './sdk-routes.ts';
import { startSdkServer, type SdkServer } from './sdk-server.ts';

const transports = ['streamableHttp', 'sse'] as const;
const table = sdks.flatMap((sdk) =>
  transports.flatMap((transport) =>
    clientRoutes.map((route) => ({
      sdk,
      transport,
      route,
      title: `${sdk.name} over ${transport} on the ${route.name} route`,
    })),
  ),
);
const resumable = table.filter(({ transport }) => transport === 'streamableHttp');

const root = createCa();
const leaf = root.issue('mcp.test', { authorityKeyIdentifier: false });
const leavingsMs: number[] = [];
let server: SdkServer;
let sidecar: InProcessSidecar;

beforeEach(async () => {
  server = await startSdkServer(leaf);
  const url = `https://mcp.test:${server.port}/mcp`;
  sidecar = await startInProcess({ config: configText({ dev: { url, ssl_verify: root.pem } }) });
});

interface Row {
  readonly sdk: Sdk;
  readonly transport: McpServer['transport'];
  readonly route: ClientRoute;
}

async function connect({ sdk, transport, route }: Row, options: Partial<ConnectOptions> = {}) {
  const reached = route.reach(sidecar, {
    transport,
    name: 'dev',
    host: 'mcp.test',
    port: server.port,
  });
  const client = await sdk.connect({ transport, ...reached, ...options });
  cleanUp(() => client.close());
  return client;
}

/** A call of `wait` that has got its first progress. */
async function startWaiting(
  client: Awaited<ReturnType<typeof connect>>,
  { args = {}, signal }: { args?: Record<string, unknown>; signal?: AbortSignal } = {},
) {
  const tokens: string[] = [];
  const seen: number[] = [];
  const call = client.call('wait', args, {
    ...(signal && { signal }),
    onprogress: ({ progress }) => seen.push(progress),
    onresumptiontoken: (token) => tokens.push(token),
  });
  // Whether it fails is for the test to judge, at its own time.
  call.catch(() => undefined);
  await poll(() => seen.length > 0, { what: 'the first progress' });
  return { call, tokens };
}

const resumptions = () =>
  server.requests.filter(({ method, headers }) => method === 'GET' && headers['last-event-id'] !== undefined);

for (const row of table)
  describe(row.title, () => {
    it('tells the server that a call is cancelled', async () => {
      const client = await connect(row);
      const controller = new AbortController();
      const { call } = await startWaiting(client, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(call).rejects.toThrow('enough');
      await poll(() => server.cancelledCalls === 1, { what: 'the cancellation', timeoutMs: 1_000 });
      expect(await client.listTools()).toEqual(['wait']);
    });

    it('is seen to leave by the server at once', async () => {
      const client = await connect(row);
      const { call } = await startWaiting(client);
      const carrier = server.requests.findLast(
        ({ method, url }) => (method === 'POST' && url === '/mcp') || url === '/sse',
      );
      expect(carrier?.cancelled).toBe(false);
      const leftMs = performance.now();
      await client.close();
      await expect(call).rejects.toThrow();
      await poll(() => carrier?.cancelled, { everyMs: 1, timeoutMs: 1_000, what: 'the abort, upstream,' });
      leavingsMs.push(performance.now() - leftMs);
      await expectFailure(undefined, sidecar, { server: 'dev', reason: 'downstream_aborted' });
    });
  });

for (const row of resumable)
  describe(row.title, () => {
    it('takes up the call of a client that is gone', async () => {
      const first = await connect(row);
      const { call, tokens } = await startWaiting(first);
      const { sessionId: id = '' } = first;
      await first.close();
      await expect(call).rejects.toThrow();

      const second = await connect(row, { session: { id, protocolVersion } });
      const lastToken = tokens.at(-1) ?? '';
      const resumed = second.call('wait', {}, { resumptionToken: lastToken });
      await poll(() => resumptions().length === 1, { what: 'a GET with Last-Event-ID' });
      expect(resumptions()[0]?.headers['last-event-id']).toBe(lastToken);
      server.release();
      expect(await resumed).toBe('waited');
    });

    it('comes back with Last-Event-ID when the server hangs up amid a call', async () => {
      const client = await connect(row);
      const { call, tokens } = await startWaiting(client, { args: { closeStream: true } });
      await poll(() => resumptions().length === 1, { what: 'a GET with Last-Event-ID' });
      expect(tokens).toContain(resumptions()[0]?.headers['last-event-id']);
      server.release();
      expect(await call).toBe('waited');
    });

    it('comes back with Last-Event-ID when the connection to the server breaks amid a call', async () => {
      const client = await connect(row);
      const { call, tokens } = await startWaiting(client);
      server.cutStreams();
      await poll(() => resumptions().length >= 1, { what: 'a GET with Last-Event-ID' });
      await expectFailure(undefined, sidecar, { server: 'dev', reason: 'response_incomplete' });
      expect(tokens).toContain(resumptions()[0]?.headers['last-event-id']);
      server.release();
      expect(await call).toBe('waited');
    });
  });

afterAll(() => {
  const worst = Math.max(...leavingsMs).toFixed(1);
  process.stdout.write(
    `a client that left was seen upstream within ${worst} ms (${leavingsMs.length} times)\n`,
  );
});

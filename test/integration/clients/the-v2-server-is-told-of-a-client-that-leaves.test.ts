import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { poll } from '../../harness/poll.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startUpstream } from '../../harness/tls-upstream.ts';
import { clientRoutes, type McpServer as ListedServer } from './sdk-routes.ts';

const ca = createCa();

/** A server of the SDK's v2 line, protocol 2026-07-28, behind TLS: one tool answers, the other waits to be cancelled. */
async function startV2Server() {
  const seen = { waiting: 0, cancelled: 0 };
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'v2 server', version: '0' });
    server.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
      content: [{ type: 'text', text }],
    }));
    server.registerTool('wait', {}, async (context) => {
      seen.waiting++;
      await new Promise<void>((resolve) => context.mcpReq.signal.addEventListener('abort', () => resolve()));
      seen.cancelled++;
      return { content: [] };
    });
    return server;
  });
  const serve = toNodeHandler(handler);
  const upstream = await startUpstream({
    leaf: ca.issue('mcp.test', { authorityKeyIdentifier: false }),
    recordBodies: false,
    // Its structural type knows nothing of exactOptionalPropertyTypes.
    handler: (request, response) => void serve(request as Parameters<typeof serve>[0], response),
  });
  return { seen, upstream };
}

const listed: Omit<ListedServer, 'port'> = { name: 's', host: 'mcp.test', transport: 'streamableHttp' };

describe.each(clientRoutes)('protocol 2026-07-28 by $name', (route) => {
  it('lists, calls, and takes the closing of the POST stream upstream as the cancellation', async () => {
    const { seen, upstream } = await startV2Server();
    const sidecar = await startInProcess({
      config: `mcp_servers:\n  s: { url: "https://mcp.test:${upstream.port}/mcp", ssl_verify: ${JSON.stringify(ca.pem)} }\n`,
    });
    const { url, fetch } = route.reach(sidecar, { ...listed, port: upstream.port });
    const client = new Client(
      { name: 'test', version: '0' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(new StreamableHTTPClientTransport(url, fetch === undefined ? {} : { fetch }));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'wait']);
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
    expect(content).toEqual([{ type: 'text', text: 'hello' }]);
    expect(upstream.requests.every(({ headers }) => headers['mcp-protocol-version'] === '2026-07-28')).toBe(
      true,
    );

    const leaving = new AbortController();
    const call = client.callTool({ name: 'wait' }, { signal: leaving.signal });
    await poll(() => seen.waiting === 1, { timeoutMs: 3_000, what: 'the call under way' });
    const leftMs = performance.now();
    leaving.abort();
    await expect(call).rejects.toThrow();
    await poll(() => seen.cancelled === 1, { timeoutMs: 1_000, what: 'the cancellation at the server' });
    process.stdout.write(`cancelled after ${Math.round(performance.now() - leftMs)} ms\n`);
    await client.close();
  });
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { z } from 'zod';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import { serveSessions } from './serve-sessions.ts';

export interface SdkServer extends Upstream {
  /** How often the handler of a call was told that its client does not want the result any more. */
  readonly cancelledCalls: number;
  /** Cuts the TCP connections of all responses that are under way; sessions stay. */
  readonly cutStreams: () => void;
  /** Lets the calls of `wait` that are under way, and later ones, return. */
  readonly release: () => void;
}

/** A server of the SDK's v1 line behind TLS, both transports, that can be asked what it saw of its clients. */
export async function startSdkServer(leaf: Leaf): Promise<SdkServer> {
  const calls = new Calls();
  const underWay = new Set<ServerResponse>();
  const route = createRouter(calls);
  const upstream = await startUpstream({
    leaf,
    recordBodies: false,
    handler: (request, response) => {
      underWay.add(response);
      response.once('close', () => underWay.delete(response));
      route(request, response).catch((error: unknown) => response.destroy(error as Error));
    },
  });
  const own = {
    get cancelledCalls() {
      return calls.cancelled;
    },
    cutStreams: () => underWay.forEach((response) => response.socket?.destroy()),
    release: () => calls.release(),
  };
  // Onto what it has getters of, for a getter that is copied is a value.
  return Object.defineProperties(upstream, Object.getOwnPropertyDescriptors(own)) as SdkServer;
}

/** The calls of `wait`, which end when the test says so. */
class Calls {
  cancelled = 0;
  release: () => void = () => undefined;
  readonly released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
}

function createRouter(calls: Calls): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const streamable = serveSessions(() => createMcpServer(calls));
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the transport under test
  const sse = new Map<string, SSEServerTransport>();

  return async (request, response) => {
    const url = new URL(request.url ?? '', 'https://mcp.test');
    if (url.pathname === '/mcp') return streamable(request, response);
    if (url.pathname === '/sse') {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the transport under test
      const transport = new SSEServerTransport('/message', response);
      sse.set(transport.sessionId, transport);
      return createMcpServer(calls).connect(transport);
    }
    await sse.get(url.searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response);
  };
}

function createMcpServer(calls: Calls): McpServer {
  const server = new McpServer({ name: 'sdk server', version: '0' });
  const inputSchema = { closeStream: z.boolean().optional() };
  server.registerTool('wait', { inputSchema }, async ({ closeStream }, extra) => {
    extra.signal.addEventListener('abort', () => calls.cancelled++);
    const { progressToken = '' } = extra._meta ?? {};
    await extra.sendNotification({
      method: 'notifications/progress',
      params: { progressToken, progress: 1 },
    });
    // SEP-1699: the server hangs up, and the client is to come back with Last-Event-ID.
    if (closeStream === true) extra.closeSSEStream?.();
    await calls.released;
    return { content: [{ type: 'text', text: 'waited' }] };
  });
  return server;
}

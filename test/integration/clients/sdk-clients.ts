import * as v2 from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport as SseV1 } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport as StreamableHttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import type { EverythingTransport } from '../../harness/mcp-upstream.ts';

/** What both lines of the SDK take in place of the global fetch. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface CallOptions {
  readonly onprogress?: (progress: { progress: number; total?: number | undefined }) => void;
  readonly signal?: AbortSignal;
  /** Milliseconds until it is cancelled. */
  readonly timeout?: number;
  readonly resumptionToken?: string;
  readonly onresumptiontoken?: (token: string) => void;
}

/** What is done with a client of either line. */
export interface SdkClient {
  readonly serverName: string | undefined;
  readonly sessionId: string | undefined;
  readonly listTools: () => Promise<string[]>;
  /** The texts of the result, joined. */
  readonly call: (name: string, args: Record<string, unknown>, options?: CallOptions) => Promise<string>;
  /** Ends the session by a DELETE. Only with streamable HTTP. */
  readonly terminate: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface ConnectOptions {
  readonly transport: EverythingTransport;
  readonly url: URL;
  readonly fetch?: Fetch | undefined;
  /** Takes up a session that another client began, with the protocol version that it had negotiated. */
  readonly session?: { readonly id: string; readonly protocolVersion: string };
  /** `data` of each notifications/message. */
  readonly onLog?: (data: unknown) => void;
  readonly onError?: (error: Error) => void;
}

/** A line of the MCP TypeScript SDK. */
export interface Sdk {
  readonly name: string;
  readonly connect: (options: ConnectOptions) => Promise<SdkClient>;
}

/** What the server gets when it asks the client's model, or its user. */
export const modelAnswer = 'an answer of the model';
export const userName = 'Ada Lovelace';

const info = { name: 'test', version: '0' };
const capabilities = { sampling: {}, elicitation: {}, roots: {} };
const sampled = {
  model: 'test',
  role: 'assistant',
  content: { type: 'text', text: modelAnswer },
} as const;
const elicited = { action: 'accept', content: { name: userName } } as const;
// Quick, so that a stream that broke off is taken up again within a test.
const reconnectionOptions = {
  initialReconnectionDelay: 20,
  maxReconnectionDelay: 100,
  reconnectionDelayGrowFactor: 1,
  maxRetries: 20,
};

async function connectV1(options: ConnectOptions): Promise<SdkClient> {
  const { transport: kind, url, fetch, session, onLog, onError } = options;
  const client = new ClientV1(info, { capabilities });
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled);
  client.setRequestHandler(ElicitRequestSchema, () => elicited);
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => onLog?.(params.data));
  if (onError !== undefined) client.onerror = onError;
  const with_ = fetch === undefined ? {} : { fetch };
  const resumed = session === undefined ? {} : { sessionId: session.id };
  const streamable = new StreamableHttpV1(url, { ...with_, ...resumed, reconnectionOptions });
  if (session !== undefined) streamable.setProtocolVersion(session.protocolVersion);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the transport under test
  await client.connect(kind === 'sse' ? new SseV1(url, with_) : streamable);
  return {
    serverName: client.getServerVersion()?.name,
    get sessionId() {
      return streamable.sessionId;
    },
    listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args, callOptions) => {
      const { content } = await client.callTool({ name, arguments: args }, CallToolResultSchema, callOptions);
      return textOf(content);
    },
    terminate: () => streamable.terminateSession(),
    close: () => client.close(),
  };
}

const connectV2 =
  (mode: 'legacy' | 'auto') =>
  async (options: ConnectOptions): Promise<SdkClient> => {
    const { transport: kind, url, fetch, session, onLog, onError } = options;
    const client = new v2.Client(info, { capabilities, versionNegotiation: { mode } });
    client.setRequestHandler('sampling/createMessage', () => sampled);
    client.setRequestHandler('elicitation/create', () => elicited);
    client.setNotificationHandler('notifications/message', ({ params }) => onLog?.(params.data));
    if (onError !== undefined) client.onerror = onError;
    const with_ = fetch === undefined ? {} : { fetch };
    const resumed =
      session === undefined ? {} : { sessionId: session.id, protocolVersion: session.protocolVersion };
    const streamable = new v2.StreamableHTTPClientTransport(url, {
      ...with_,
      ...resumed,
      reconnectionOptions,
    });
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the transport under test
    await client.connect(kind === 'sse' ? new v2.SSEClientTransport(url, with_) : streamable);
    return {
      serverName: client.getServerVersion()?.name,
      get sessionId() {
        return streamable.sessionId;
      },
      listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: async (name, args, callOptions) =>
        textOf((await client.callTool({ name, arguments: args }, callOptions)).content),
      terminate: () => streamable.terminateSession(),
      close: () => client.close(),
    };
  };

/** The lines of the SDK, v2 also as it looks for the stateless protocol first. */
export const sdks: readonly Sdk[] = [
  { name: 'SDK v1', connect: connectV1 },
  { name: 'SDK v2', connect: connectV2('legacy') },
  { name: 'SDK v2 that probes', connect: connectV2('auto') },
];

/** The protocol version that clients of both lines and server-everything agree on. */
export const protocolVersion = '2025-11-25';

function textOf(content: unknown): string {
  return (content as { text?: string }[]).map(({ text }) => text ?? '').join('\n');
}

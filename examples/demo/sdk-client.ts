import { Client, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** A connected MCP client, and what is known about its session. */
export interface Connected {
  readonly client: Client;
  readonly sessionId: string;
  readonly protocolVersion: string;
}

/** Connects as any MCP client does: `initialize` over streamable HTTP. */
export async function connectClient(url: string): Promise<Connected> {
  const client = new Client({ name: 'mcp-tls-sidecar-demo', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport);
  const { sessionId = '', protocolVersion = '' } = transport;
  return { client, sessionId, protocolVersion };
}

/** What the tool `echo` of the reference server says to a message. */
export async function callEcho(client: Client, message: string): Promise<string> {
  const { content } = await client.callTool({ name: 'echo', arguments: { message } });
  return content.map((part) => (part.type === 'text' ? part.text : part.type)).join(' ');
}

/** A JSON-RPC error as the client received it. */
export interface RpcError {
  readonly status: number;
  readonly message: string;
  readonly reason: string;
  readonly hint: string;
}

/** Finds the JSON-RPC error in what the client threw; undefined where the server (or sidecar) sent none. */
export function rpcErrorOf(error: unknown): RpcError | undefined {
  if (!(error instanceof SdkHttpError)) return undefined;
  const { status = 0, text = '' } = error.data as { status?: number; text?: string };
  try {
    const body = JSON.parse(text) as { error: { message: string; data: { reason: string; hint: string } } };
    return { status, message: body.error.message, ...body.error.data };
  } catch {
    return undefined;
  }
}

/** The messages of an error and its causes, with the code of the last. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  const own = error.cause === undefined && code !== undefined ? `${error.message} (${code})` : error.message;
  return error.cause === undefined ? own : `${own}: ${wordsOf(error.cause)}`;
}

/** The code of the innermost cause that has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return codeOf(error.cause) ?? (error as NodeJS.ErrnoException).code;
}

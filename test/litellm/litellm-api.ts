import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { cleanUp } from '../harness/clean-up.ts';
import { masterKey, type LitellmProcess } from './litellm-process.ts';

/** A server of `mcp_servers`, as LiteLLM's API shows it. */
export interface RegisteredServer {
  readonly server_id: string;
  readonly server_name: string;
  readonly url: string;
  readonly transport: string;
}

/** Tools, or what went wrong in `detail`. */
export interface ToolList {
  readonly tools: readonly { readonly name: string }[];
  readonly error: string | null;
  readonly detail?: { readonly error: string; readonly message: string };
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const requestTimeoutMs = 30_000;

/** Asks LiteLLM's own API, as its admin page and its users do. */
export async function askLitellm({ url }: LitellmProcess, path: string, body?: object): Promise<Answer> {
  const response = await fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${masterKey}`, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  return { status: response.status, body: await response.json() };
}

export async function registeredServers(litellm: LitellmProcess): Promise<readonly RegisteredServer[]> {
  const { body } = await askLitellm(litellm, '/v1/mcp/server');
  return body as readonly RegisteredServer[];
}

/** The tools of one server by `/mcp-rest/tools/list`. */
export async function listTools(litellm: LitellmProcess, serverName: string): Promise<ToolList> {
  const id = await serverId(litellm, serverName);
  const { body } = await askLitellm(litellm, `/mcp-rest/tools/list?server_id=${id}`);
  return body as ToolList;
}

/** Calls a tool by `/mcp-rest/tools/call`. */
export async function callTool(
  litellm: LitellmProcess,
  serverName: string,
  tool: { readonly name: string; readonly arguments: object },
): Promise<Answer> {
  const id = await serverId(litellm, serverName);
  return askLitellm(litellm, '/mcp-rest/tools/call', { server_id: id, ...tool });
}

/** What the admin page asks before it registers a server: the tools of a URL. */
export function tryServer(litellm: LitellmProcess, url: string, transport: string): Promise<Answer> {
  return askLitellm(litellm, '/mcp-rest/test/tools/list', { server_name: 'tried', url, transport });
}

/** Asks a model of `model_list`. */
export function chat(litellm: LitellmProcess, model = 'chat'): Promise<Answer> {
  const messages = [{ role: 'user', content: 'what is it?' }];
  return askLitellm(litellm, '/chat/completions', { model, messages });
}

/** An MCP client of LiteLLM's own MCP endpoint. @param path `/mcp` for all servers, `/NAME/mcp` for one */
export async function connectMcp({ url }: LitellmProcess, path = '/mcp'): Promise<Client> {
  const client = new Client({ name: 'test', version: '0' });
  const headers = { 'x-litellm-api-key': `Bearer ${masterKey}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(path, url), { requestInit: { headers } }));
  cleanUp(() => client.close());
  return client;
}

async function serverId(litellm: LitellmProcess, serverName: string): Promise<string> {
  const servers = await registeredServers(litellm);
  const found = servers.find(({ server_name }) => server_name === serverName);
  if (found === undefined) throw new Error(`LiteLLM has no server ${serverName}: ${JSON.stringify(servers)}`);
  return found.server_id;
}

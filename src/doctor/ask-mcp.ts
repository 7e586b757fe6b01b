import { version } from '../version.ts';
import { userAgent } from './ask-http.ts';
import { clean } from './clean.ts';
import type { Answer } from './evidence.ts';
import type { HttpSession } from './http-session.ts';
import { openMcp } from './mcp-channel.ts';
import type { Message } from './mcp-messages.ts';

/** The newest version that servers of both lines of the SDKs speak; they answer with the one that they have. */
const protocolVersion = '2025-06-18';

/** What MCP came to. */
export interface McpAnswers {
  readonly initialize: Answer;
  readonly tools: Answer;
}

/** `initialize` and `tools/list`, as a client without credentials; the session is ended afterwards. */
export async function askMcp(
  session: HttpSession,
  to: { readonly origin: string; readonly target: string },
): Promise<McpAnswers> {
  const hello = {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'mcp-tls-sidecar-doctor', version },
  };
  const opened = await openMcp(session, { ...to, userAgent, hello });
  if (!('channel' in opened)) return { initialize: opened, tools: skipped };
  const { channel, answer } = opened;
  const initialize = readHello(answer);
  if (initialize.kind !== 'answered') {
    await channel.close();
    return { initialize, tools: skipped };
  }
  const agreed = textOf(answer.result?.['protocolVersion']);
  const tools = readTools(await channel.ask('tools/list', agreed));
  await channel.close();
  return { initialize, tools };
}

const skipped: Answer = { kind: 'skipped', words: 'there is no session to ask in' };

function readHello({ result, error }: Message): Answer {
  if (result === undefined) return unfit('initialize', error);
  const { name, version: serverVersion } = (result['serverInfo'] ?? {}) as Record<string, unknown>;
  const who = [textOf(name), textOf(serverVersion)].filter((text) => text !== '').join(' ');
  const words = `${who || 'a server without a name'}, protocol ${textOf(result['protocolVersion']) || 'unknown'}`;
  return { kind: 'answered', status: 200, words };
}

function readTools(message: Message | Answer): Answer {
  if ('kind' in message) return message;
  const tools = message.result?.['tools'];
  if (!Array.isArray(tools)) return unfit('tools/list', message.error);
  const names = tools.slice(0, 3).map((tool) => textOf((tool as { name?: unknown } | null)?.name));
  const more = tools.length > names.length || message.result?.['nextCursor'] !== undefined ? ', …' : '';
  const list = names.length === 0 ? '' : `: ${names.join(', ')}${more}`;
  return {
    kind: 'answered',
    status: 200,
    words: `${tools.length} tool${tools.length === 1 ? '' : 's'}${list}`,
  };
}

function unfit(method: string, error: Message['error']): Answer {
  const said =
    error === undefined ? 'with neither result nor error' : `with an error: ${textOf(error['message'])}`;
  return { kind: 'unfit', words: `${method} is answered ${said}` };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? clean(value, 60) : '';
}

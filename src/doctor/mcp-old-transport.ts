import { Failure } from '../failure.ts';
import { readEvents, readText, type StreamEvent } from './event-stream.ts';
import type { Answer } from './evidence.ts';
import type { HttpSession } from './http-session.ts';
import { call, notification, parseMessage, postHeaders } from './mcp-messages.ts';
import type { McpChannel, McpOptions, Message, Opened } from './mcp-messages.ts';

/**
 * The transport of 2024-11-05: a GET opens the stream on which answers come, its first event says where to post.
 *
 * @returns undefined where it does not speak that either
 */
export async function openOldTransport(
  session: HttpSession,
  options: McpOptions,
): Promise<Opened | undefined> {
  const { target, userAgent, hello } = options;
  const headers = { accept: 'text/event-stream', 'user-agent': userAgent };
  const reply = await session.send({ method: 'GET', target, headers });
  if (reply instanceof Failure) return undefined;
  const isStream =
    reply.status === 200 && reply.header('content-type')?.startsWith('text/event-stream') === true;
  const events = isStream ? readEvents(reply.body) : undefined;
  const first = (await events?.next().catch(() => undefined))?.value as StreamEvent | undefined;
  if (events === undefined || first?.event !== 'endpoint') {
    reply.body.destroy();
    return undefined;
  }
  const endpoint = postTarget(first.data, options);
  if (endpoint === undefined) {
    reply.body.destroy();
    return { kind: 'unfit', words: 'its endpoint event leads away from it' };
  }
  const channel = new OldChannel(session, { events, endpoint, userAgent, end: () => reply.body.destroy() });
  const answer = await channel.request(call(1, 'initialize', hello), 1);
  if (!('kind' in answer)) return { channel, answer };
  await channel.close();
  return answer;
}

/** Its own origin only: what a stream says is no reason to go elsewhere. */
function postTarget(endpoint: string, { target, origin }: McpOptions): string | undefined {
  const base = new URL(target, origin);
  if (!URL.canParse(endpoint, base)) return undefined;
  const url = new URL(endpoint, base);
  return url.origin === base.origin ? `${url.pathname}${url.search}` : undefined;
}

interface OldOptions {
  readonly events: AsyncGenerator<StreamEvent>;
  readonly endpoint: string;
  readonly userAgent: string;
  readonly end: () => void;
}

class OldChannel implements McpChannel {
  readonly #session: HttpSession;
  readonly #options: OldOptions;

  constructor(session: HttpSession, options: OldOptions) {
    this.#session = session;
    this.#options = options;
  }

  async ask(method: string): Promise<Message | Answer> {
    const told = await this.#post(notification('notifications/initialized'));
    return told ?? this.request(call(2, method, {}), 2);
  }

  async request(body: string, id: number): Promise<Message | Answer> {
    const refused = await this.#post(body);
    if (refused !== undefined) return refused;
    const { events } = this.#options;
    try {
      // Not `for await`, which would end the stream at its first answer.
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        const message = parseMessage(next.value.data);
        if (message?.id === id) return message;
      }
      return { kind: 'unfit', words: 'its stream ends without an answer' };
    } catch (error) {
      return { kind: 'failed', failure: new Failure('response_incomplete', 'response', error) };
    }
  }

  close(): Promise<void> {
    this.#options.end();
    return Promise.resolve();
  }

  /** @returns undefined where it was taken */
  async #post(body: string): Promise<Answer | undefined> {
    const { endpoint, userAgent } = this.#options;
    const reply = await this.#session.send({
      method: 'POST',
      target: endpoint,
      headers: postHeaders(userAgent),
      body,
    });
    if (reply instanceof Failure) return { kind: 'failed', failure: reply };
    await readText(reply.body).catch(() => undefined);
    if (reply.status >= 200 && reply.status < 300) return undefined;
    return { kind: 'unfit', words: `a message to its endpoint is answered by ${reply.status}` };
  }
}

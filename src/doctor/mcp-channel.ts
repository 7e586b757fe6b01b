import { Failure } from '../failure.ts';
import { certificatePage } from './certificate-page.ts';
import { readEvents, readText } from './event-stream.ts';
import type { Answer } from './evidence.ts';
import type { HttpSession, Reply } from './http-session.ts';
import { call, notification, parseMessage, postHeaders } from './mcp-messages.ts';
import type { McpChannel, McpOptions, Message, Opened } from './mcp-messages.ts';
import { openOldTransport } from './mcp-old-transport.ts';

/**
 * Opens a session as the specification has clients do it (transports, backwards compatibility): a POST of
 * `initialize`; where that is answered by 4xx, the stream of the old transport.
 */
export async function openMcp(session: HttpSession, options: McpOptions): Promise<Opened> {
  const { target, userAgent, hello } = options;
  const headers = postHeaders(userAgent);
  const reply = await session.send({ method: 'POST', target, headers, body: call(1, 'initialize', hello) });
  if (reply instanceof Failure) return { kind: 'failed', failure: reply };
  const { status } = reply;
  if (status >= 200 && status < 300) {
    const answer = await readAnswer(reply, 1);
    if ('kind' in answer) return answer;
    return { channel: new StreamableChannel(session, options, reply.header('mcp-session-id')), answer };
  }
  const refused = await certificatePage(reply);
  if (refused !== undefined) return refused;
  await drop(reply);
  if (status === 401 || status === 403)
    return { kind: 'answered', status, words: `it wants a login (${status}): TLS and HTTP work` };
  const old = status >= 400 && status < 500 ? await openOldTransport(session, options) : undefined;
  return old ?? { kind: 'unfit', words: `a POST of initialize is answered by ${status}` };
}

class StreamableChannel implements McpChannel {
  readonly #session: HttpSession;
  readonly #options: McpOptions;
  readonly #id: string | undefined;
  #version = '';

  constructor(session: HttpSession, options: McpOptions, id: string | undefined) {
    this.#session = session;
    this.#options = options;
    this.#id = id;
  }

  async ask(method: string, protocolVersion: string): Promise<Message | Answer> {
    this.#version = protocolVersion;
    const told = await this.#post(notification('notifications/initialized'));
    if (told instanceof Failure) return { kind: 'failed', failure: told };
    await drop(told);
    const reply = await this.#post(call(2, method, {}));
    if (reply instanceof Failure) return { kind: 'failed', failure: reply };
    const { status } = reply;
    if (status >= 200 && status < 300) return readAnswer(reply, 2);
    await drop(reply);
    if (status === 401 || status === 403)
      return { kind: 'answered', status, words: `it wants a login (${status})` };
    return { kind: 'unfit', words: `${method} is answered by ${status}` };
  }

  /** So that the server need not keep it; one that does not allow that says 405. */
  async close(): Promise<void> {
    if (this.#id === undefined) return;
    const { target } = this.#options;
    const reply = await this.#session.send({ method: 'DELETE', target, headers: this.#headers() });
    if (!(reply instanceof Failure)) await drop(reply);
  }

  #post(body: string): Promise<Reply | Failure> {
    return this.#session.send({
      method: 'POST',
      target: this.#options.target,
      headers: this.#headers(),
      body,
    });
  }

  #headers(): Record<string, string> {
    return {
      ...postHeaders(this.#options.userAgent),
      ...(this.#version === '' ? {} : { 'mcp-protocol-version': this.#version }),
      ...(this.#id === undefined ? {} : { 'mcp-session-id': this.#id }),
    };
  }
}

/** The answer with an id, from JSON or from a stream. */
async function readAnswer(reply: Reply, id: number): Promise<Message | Answer> {
  const type = reply.header('content-type') ?? '';
  try {
    if (!type.startsWith('text/event-stream')) {
      const message = parseMessage(await readText(reply.body));
      return message?.id === id ? message : notMcp;
    }
    for await (const { data } of readEvents(reply.body)) {
      const message = parseMessage(data);
      // The rest of the stream is of no interest, and may never end.
      if (message?.id === id) return message;
    }
    return notMcp;
  } catch (error) {
    return { kind: 'failed', failure: new Failure('response_incomplete', 'response', error) };
  }
}

const notMcp: Answer = { kind: 'unfit', words: 'what it answers is no JSON-RPC' };

/** Reads what is left of a short body, so that the connection can be used again. */
async function drop({ body }: Reply): Promise<void> {
  await readText(body).catch(() => undefined);
}

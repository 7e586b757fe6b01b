import type { Answer } from './evidence.ts';

/** A JSON-RPC answer. */
export interface Message {
  readonly id?: unknown;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: Readonly<Record<string, unknown>>;
}

/** A session that stands. */
export interface McpChannel {
  ask(method: string, protocolVersion: string): Promise<Message | Answer>;
  close(): Promise<void>;
}

/** What a session is opened with. */
export interface McpOptions {
  /** Path and query. */
  readonly target: string;
  /** Scheme and authority: what a server names beyond it is not followed. */
  readonly origin: string;
  readonly userAgent: string;
  /** The parameters of `initialize`. */
  readonly hello: object;
}

/** A session, or what came of it. */
export type Opened = { readonly channel: McpChannel; readonly answer: Message } | Answer;

/** The headers of every POST. */
export function postHeaders(userAgent: string): Record<string, string> {
  return {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'user-agent': userAgent,
  };
}

export function call(id: number, method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export function notification(method: string): string {
  return JSON.stringify({ jsonrpc: '2.0', method });
}

export function parseMessage(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import { Connection } from '../upstream/connection.ts';
import type { Dialled } from '../upstream/dial.ts';
import { refusedByProxy } from '../upstream/proxy-tunnel.ts';
import { headerValues } from '../upstream/raw-headers.ts';
import { renderRequestHead } from '../upstream/request-head.ts';
import { PendingReply } from './pending-reply.ts';

/** What is asked of a server. Never with credentials of a client. */
export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The head of an answer, with its body still to come. */
export interface Reply {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: Readable;
}

/** What a session takes. */
export interface SessionOptions {
  readonly way: Way;
  readonly headerBytes: number;
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
  /** A connection of the same policy, verified. */
  readonly dial: () => Promise<Dialled | Failure>;
}

/** Requests one after the other, over one connection as long as that lasts. */
export class HttpSession {
  readonly #options: SessionOptions;
  readonly #connections = new Set<Connection>();
  #idle: Connection | undefined;

  /** @param first the connection that stands already */
  constructor(options: SessionOptions, first?: Dialled) {
    this.#options = options;
    if (first !== undefined) this.#idle = this.#adopt(first);
  }

  async send(question: Question): Promise<Reply | Failure> {
    const connection = await this.#connection();
    if (connection instanceof Failure) return connection;
    try {
      return await this.#send(connection, question);
    } catch (error) {
      return this.#failureOf(error, connection);
    }
  }

  /** Ends every connection. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async #send(connection: Connection, question: Question): Promise<Reply | Failure> {
    const { signal } = this.#options;
    const reply = new PendingReply(connection);
    const onAbort = () => reply.onError(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    reply.body.once('close', () => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
    else this.#write(connection, question, reply);
    const { status, headers } = await reply.head;
    if (status === 407 && connection.isForwarded) return refusedByProxy(407);
    // Once its body is read, the connection is fit for another request.
    reply.body.once('end', () => (this.#idle ??= connection));
    return { status, header: (name) => headerValues(headers, name)[0], body: reply.body };
  }

  #write(connection: Connection, question: Question, reply: PendingReply): void {
    const { way } = this.#options;
    const { method, body = '' } = question;
    const { host, path, login } = connection.address(way, question);
    const headers = { Host: host, ...question.headers, 'Content-Length': String(Buffer.byteLength(body)) };
    const fields = Object.entries(
      login === undefined ? headers : { ...headers, 'Proxy-Authorization': login },
    );
    connection.expect(method, reply);
    connection.write(renderRequestHead(method, path, fields.flat()));
    if (body !== '') connection.write(Buffer.from(body));
  }

  async #connection(): Promise<Connection | Failure> {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.closed === false) return idle;
    const dialled = await this.#options.dial();
    return dialled instanceof Failure ? dialled : this.#adopt(dialled);
  }

  #adopt(dialled: Dialled): Connection {
    const { way, headerBytes } = this.#options;
    const connection = new Connection(dialled, { authority: way.authority, server: way.server, headerBytes });
    this.#connections.add(connection);
    return connection;
  }

  #failureOf(error: unknown, connection: Connection): Failure {
    if (this.#options.signal.aborted) return new Failure('response_timeout', 'response', error);
    return connection.failureOf(error as Error, false);
  }
}

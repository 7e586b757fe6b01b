import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import type { Way } from '../policy/decide.ts';
import { Connection } from '../upstream/connection.ts';
import type { Dialled } from '../upstream/dial.ts';
import { refusedByProxy } from '../upstream/proxy-tunnel.ts';

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

  async #send(connection: Connection, { method, target, headers, body }: Question): Promise<Reply | Failure> {
    const { way, signal } = this.#options;
    const { host, path, login } = connection.address(way, { method, target });
    const answer = await connection.client.request({
      method,
      path,
      headers: { host, ...headers, ...(login === undefined ? {} : { 'proxy-authorization': login }) },
      body: body ?? null,
      signal,
    });
    if (answer.statusCode === 407 && connection.isForwarded) return refusedByProxy(407);
    // Once its body is read, the connection is fit for another request.
    answer.body.once('end', () => (this.#idle ??= connection)).on('error', () => undefined);
    return {
      status: answer.statusCode,
      header: (name) => [answer.headers[name] ?? []].flat()[0],
      body: answer.body,
    };
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
    return connection.failureOf(error, false);
  }
}

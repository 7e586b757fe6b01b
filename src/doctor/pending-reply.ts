import { Readable } from 'node:stream';
import type { Connection, ResponseReceiver } from '../upstream/connection.ts';
import { MalformedResponseError } from '../upstream/malformed-response.ts';
import type { ResponseHead } from '../upstream/response-head.ts';

/** The answer to one request: its head as a promise, its body as a stream. */
export class PendingReply implements ResponseReceiver {
  readonly #connection: Connection;
  readonly #head = Promise.withResolvers<ResponseHead>();
  /** Who does not read it holds up the server; who destroys it ends the connection. */
  readonly body: Readable;
  #isWhole = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.body = new Readable({
      read: () => connection.resume(),
      destroy: (error, done) => {
        if (!this.#isWhole) connection.destroy();
        done(error);
      },
    }).on('error', () => undefined);
  }

  /** Rejects with the connection's error where no head comes. */
  get head(): Promise<ResponseHead> {
    return this.#head.promise;
  }

  onHead(head: ResponseHead): void {
    if (head.status === 101) this.onError(new MalformedResponseError('a 101 that nobody asked for'));
    else if (head.status >= 200) this.#head.resolve(head);
  }

  onBody(chunk: Buffer): void {
    if (!this.body.push(chunk)) this.#connection.pause();
  }

  onEnd(): void {
    this.#isWhole = true;
  }

  onRead(): void {
    if (!this.#isWhole) return;
    this.#connection.resume();
    this.body.push(null);
  }

  onDrain(): void {
    // Questions are small: what the socket does not take at once it keeps.
  }

  onError(error: Error): void {
    this.#head.reject(error);
    this.body.destroy(error);
  }
}

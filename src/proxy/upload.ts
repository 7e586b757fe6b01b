import type { Connection } from '../upstream/connection.ts';
import { writeFramed } from '../upstream/write-framed.ts';
import type { ExchangeRequest } from './exchange.ts';
import type { BodySink } from './request-body.ts';

/** Sends a request: what is there of it at once, the rest of its body as it comes. */
export class Upload implements BodySink {
  readonly #connection: Connection;
  readonly #request: ExchangeRequest;
  #isOver = false;

  constructor(connection: Connection, request: ExchangeRequest) {
    this.#connection = connection;
    this.#request = request;
  }

  /** Whether all of it has been written. */
  get isOver(): boolean {
    return this.#isOver;
  }

  begin(): void {
    const { head, body } = this.#request;
    const whole = body.takeWhole();
    this.#isOver = body.framing === undefined || whole !== undefined;
    if (whole === undefined) this.#connection.write(head);
    else writeFramed(this.#connection.socket, head, whole, '');
    if (!this.#isOver) body.relay(this);
  }

  write(chunk: Buffer): boolean {
    if (this.#request.body.framing === 'length') return this.#connection.write(chunk);
    return writeFramed(this.#connection.socket, `${chunk.length.toString(16)}\r\n`, chunk, '\r\n');
  }

  end(): void {
    if (this.#request.body.framing === 'chunked') this.#connection.write('0\r\n\r\n');
    this.#isOver = true;
  }

  resume(): void {
    if (!this.#isOver) this.#request.body.resume();
  }

  /** Nothing more of it is wanted. */
  stop(): void {
    if (!this.#isOver) this.#request.body.stop();
  }
}

import type { Connection } from '../upstream/connection.ts';
import { renderRequestHead } from '../upstream/request-head.ts';
import type { ExchangeRequest } from './exchange.ts';
import type { BodySink } from './request-body.ts';

/** A body of at most this many bytes is copied behind its head: one write, and one TLS record if it is small. */
const maxJoinedBytes = 65_536;

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
    const { method, target, headers, body } = this.#request;
    const head = renderRequestHead(method, target, headers);
    const whole = body.takeWhole();
    this.#isOver = body.framing === undefined || whole !== undefined;
    if (whole === undefined) this.#connection.write(head);
    else this.#writeJoined(head, whole);
    if (!this.#isOver) body.relay(this);
  }

  write(chunk: Buffer): boolean {
    if (this.#request.body.framing === 'length') return this.#connection.write(chunk);
    const { socket } = this.#connection;
    socket.cork();
    this.#connection.write(`${chunk.length.toString(16)}\r\n`);
    this.#connection.write(chunk);
    const takesMore = this.#connection.write('\r\n');
    socket.uncork();
    return takesMore;
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

  #writeJoined(head: string, body: Buffer): void {
    if (body.length <= maxJoinedBytes) {
      const joined = Buffer.allocUnsafe(head.length + body.length);
      joined.write(head, 'latin1');
      body.copy(joined, head.length);
      this.#connection.write(joined);
      return;
    }
    this.#connection.write(head);
    this.#connection.write(body);
  }
}

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { readDirectly } from '../upstream/read-directly.ts';
import { maxHeldBytes, PlainBody } from './plain-body.ts';
import { PlainHeads, type PlainHead } from './plain-head.ts';
import { PlainResponse } from './plain-response.ts';

/** Who owns a connection, and serves its requests. */
export interface PlainOwner {
  /** Bytes of a head, beyond which it is not plain. */
  readonly maxHeadBytes: number;
  /** What the client is told that an idle connection lives. */
  readonly keepAliveSeconds: number;
  /** Answers a request; resolves with whether the connection goes on. @param waitedMs since it came */
  serve(request: PlainHead, body: PlainBody, response: PlainResponse, waitedMs: number): Promise<boolean>;
  /** Told where that rejects, which is a bug: it costs the connection. */
  onBug(error: unknown): void;
  /**
   * Something came that is not plain: it is put back, and from now on the socket is for somebody else to read.
   *
   * @param waitedMs since it came
   */
  handOver(waitedMs: number): void;
}

/**
 * Reads plain requests from a connection, one after the other: each head whole in what one read brought, and a body
 * whose length is known. Whatever else comes, and all that follows it, is for node:http.
 */
export class PlainConnection {
  readonly #socket: Socket;
  readonly #owner: PlainOwner;
  readonly #keepAlive: string;
  readonly #stopReading: () => void;
  readonly #heads = new PlainHeads();
  #state: 'waiting' | 'serving' | 'ending' | 'handed over' = 'waiting';
  /** What is still to come of the last request. */
  #body: PlainBody | undefined;
  /** What came behind the request that is being served. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** When the first of it came, on the monotonic clock. */
  #heldSinceMs = 0;
  #idleTicks = 0;
  /** Whether it has had a request. */
  hasServed = false;

  constructor(socket: Socket, owner: PlainOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${owner.keepAliveSeconds}\r\n`;
    this.#stopReading = readDirectly(socket, this.#read);
    socket.once('end', this.#ended).once('close', this.#closed);
  }

  /** Whether it waits for a request. */
  get isIdle(): boolean {
    return this.#state === 'waiting' && this.#body === undefined;
  }

  /** Reads no request any more. */
  stop(): void {
    this.#state = 'ending';
  }

  /** To be called at intervals. @returns how often it was called since the client has had all, and no request came */
  tick(): number {
    this.#idleTicks = this.isIdle && this.#socket.writableLength === 0 ? this.#idleTicks + 1 : 0;
    return this.#idleTicks;
  }

  readonly #read = (received: Buffer): void => {
    if (this.#state === 'ending') return;
    const rest = this.#body === undefined ? received : this.#body.push(received);
    if (this.#body?.isComplete === true) this.#body = undefined;
    if (rest.length === 0) this.#regulate();
    else if (this.#state === 'waiting') this.#begin(rest, 0);
    else this.#hold(rest, 0);
  };

  #begin(bytes: Buffer, waitedMs: number): void {
    const received = withoutEmptyLines(bytes);
    if (received.length === 0) return;
    const head = this.#heads.read(received, this.#owner.maxHeadBytes);
    if (head === undefined) {
      this.#handOver(received, waitedMs);
      return;
    }
    this.#idleTicks = 0;
    this.hasServed = true;
    this.#state = 'serving';
    const body = new PlainBody(head.bodyBytes, this.#regulate);
    const rest = body.push(received.subarray(head.bytes));
    if (!body.isComplete) this.#body = body;
    if (rest.length > 0) this.#hold(rest, waitedMs);
    const response = new PlainResponse(this.#socket, head, this.#keepAlive);
    this.#owner.serve(head, body, response, waitedMs).then(this.#served, this.#failed);
  }

  readonly #failed = (error: unknown): void => {
    this.#owner.onBug(error);
    this.#socket.destroy();
    this.#goOn(false);
  };

  readonly #served = (goesOn: boolean): void => {
    // What came in one packet behind the response before is seen first: it would answer a request written now.
    if (this.#heldBytes > 0) setImmediate(() => this.#goOn(goesOn));
    else this.#goOn(goesOn);
  };

  #goOn(goesOn: boolean): void {
    this.#state = goesOn && !this.#socket.destroyed ? 'waiting' : 'ending';
    if (this.#heldBytes === 0) return;
    const held = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#regulate();
    if (this.#state === 'waiting') this.#begin(held, performance.now() - this.#heldSinceMs);
  }

  #hold(bytes: Buffer, waitedMs: number): void {
    if (this.#heldBytes === 0) this.#heldSinceMs = performance.now() - waitedMs;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    this.#regulate();
  }

  /** Reads on or stops, as there is room for what comes. */
  readonly #regulate = (): void => {
    const isFull = this.#heldBytes >= maxHeldBytes || this.#body?.isFull === true;
    if (isFull === this.#socket.isPaused()) return;
    if (isFull) this.#socket.pause();
    else this.#socket.resume();
  };

  readonly #ended = (): void => {
    // Amid a body it is a client that left.
    if (this.#body === undefined) this.#socket.end();
    else this.#socket.destroy();
  };

  readonly #closed = (): void => this.#body?.lose();

  #handOver(received: Buffer, waitedMs: number): void {
    const socket = this.#socket;
    this.#state = 'handed over';
    this.#stopReading();
    socket.off('end', this.#ended).off('close', this.#closed);
    socket.pause();
    socket.unshift(received);
    this.#owner.handOver(waitedMs);
    socket.resume();
  }
}

/** What some clients send behind a body is no request (RFC 9112 section 2.2). */
function withoutEmptyLines(bytes: Buffer): Buffer {
  let at = 0;
  while (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) at += 2;
  return at === 0 ? bytes : bytes.subarray(at);
}

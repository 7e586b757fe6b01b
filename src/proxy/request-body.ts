import type { IncomingMessage } from 'node:http';
import type { Carried } from './carried.ts';

/** How much of a body is looked at for the id of a JSON-RPC request. */
const maxIdBytes = 65_536;
/** How long a failure waits for the rest of that body. */
const maxIdMs = 1_000;

/** Where a body goes as it comes. */
export interface BodySink {
  /** @returns whether it takes more at once; if not, {@link RequestBody.resume} tells that it does */
  write(chunk: Buffer): boolean;
  /** The body is whole. */
  end(): void;
}

/**
 * The body of a downstream request. One that has come whole by the time it is wanted goes out in one piece with the
 * head; anything else is relayed as it arrives, with its beginning remembered in case the request fails.
 */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #carried: Carried;
  /** By its `Content-Length`; 0 where there is none. */
  readonly #length: number;
  /** How it is framed: by its length, in chunks; undefined where there is none. */
  readonly framing: 'length' | 'chunked' | undefined;
  #seen: Buffer[] = [];
  #seenBytes = 0;
  #sink: BodySink | undefined;
  #unlisten: (() => void) | undefined;
  #isStalled = false;
  #gaveUp = false;
  #stopWaiting: (() => void) | undefined;
  /** Bytes that the client sent so far and we read. */
  bytes = 0;

  constructor(request: IncomingMessage, carried: Carried) {
    this.#request = request;
    this.#carried = carried;
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    this.#length = length === undefined ? 0 : Number(length);
    if (coding !== undefined) this.framing = 'chunked';
    else this.framing = this.#length > 0 ? 'length' : undefined;
  }

  /** All of a body of known length, if it has come already; undefined where it has not. */
  takeWhole(): Buffer | undefined {
    const request = this.#request;
    // Not `complete`, which node:http says in a turn of its own.
    if (this.framing !== 'length' || this.bytes > 0 || request.readableLength < this.#length)
      return undefined;
    const whole = readAll(request);
    this.#pass(whole);
    return whole;
  }

  /** Hands on what comes from now on, until it is whole. */
  relay(sink: BodySink): void {
    const pump = () => this.#pump();
    const end = () => sink.end();
    this.#sink = sink;
    this.#request.on('readable', pump).once('end', end);
    this.#unlisten = () => this.#request.off('readable', pump).off('end', end);
    pump();
  }

  /** The sink takes more again. */
  resume(): void {
    this.#isStalled = false;
    this.#pump();
  }

  /** Nobody wants more of it. */
  stop(): void {
    this.#sink = undefined;
    this.#unlisten?.();
  }

  /**
   * What a failure reply echoes: the body up to 64 KiB, waiting at most a second for it.
   *
   * @returns undefined for a longer, slower or broken one
   */
  async prefix(): Promise<Buffer | undefined> {
    const request = this.#request;
    if (this.framing === undefined) return Buffer.alloc(0);
    if (this.#length > maxIdBytes) return undefined;
    if (this.#gaveUp) return undefined;
    const waiting = new AbortController();
    this.#stopWaiting = () => waiting.abort();
    const timer = setTimeout(this.#stopWaiting, maxIdMs);
    while (!request.readableEnded && this.#seenBytes <= maxIdBytes) {
      const chunk = take(request);
      if (chunk !== null) this.#remember(chunk);
      else if (request.destroyed || !(await readable(request, waiting.signal))) break;
    }
    clearTimeout(timer);
    return request.readableEnded && this.#seenBytes <= maxIdBytes ? Buffer.concat(this.#seen) : undefined;
  }

  /** No failure can echo it any more: an open stream is not to keep what it was asked with. */
  forget(): void {
    this.#gaveUp = true;
    this.#seen = [];
    this.#seenBytes = maxIdBytes + 1;
  }

  /** No more of it is to be waited for. */
  giveUp(): void {
    this.#gaveUp = true;
    this.#stopWaiting?.();
  }

  #pump(): void {
    while (this.#sink !== undefined && !this.#isStalled) {
      const chunk = take(this.#request);
      if (chunk === null) return;
      this.#pass(chunk);
      this.#isStalled = !this.#sink.write(chunk);
    }
  }

  #pass(chunk: Buffer): void {
    this.#remember(chunk);
    this.#carried.requestBytes += chunk.length;
  }

  #remember(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#seenBytes += chunk.length;
    if (this.#seenBytes <= maxIdBytes) this.#seen.push(chunk);
    else this.#seen = [];
  }
}

/** All that waits to be read: since Node 26 one read() gives the first chunk of it only. */
function readAll(request: IncomingMessage): Buffer {
  const first = take(request) ?? Buffer.alloc(0);
  const rest: Buffer[] = [];
  for (let chunk = take(request); chunk !== null; chunk = take(request)) rest.push(chunk);
  return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
}

function take(request: IncomingMessage): Buffer | null {
  return request.read() as Buffer | null;
}

/** @returns false where nothing will come any more, or not in time */
function readable(request: IncomingMessage, deadline: AbortSignal): Promise<boolean> {
  if (deadline.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = (more: boolean) => {
      request.off('readable', onReadable).off('end', onReadable).off('close', onClose).off('error', onClose);
      deadline.removeEventListener('abort', onClose);
      resolve(more);
    };
    const onReadable = () => settle(true);
    const onClose = () => settle(false);
    request
      .once('readable', onReadable)
      .once('end', onReadable)
      .once('close', onClose)
      .once('error', onClose);
    deadline.addEventListener('abort', onClose, { once: true });
  });
}

import type { BodySource } from '../downstream/message.ts';
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
  readonly #source: BodySource;
  readonly #carried: Carried;
  /** By its `Content-Length`; 0 where there is none. */
  readonly #length: number;
  /** How it is framed: by its length, in chunks; undefined where there is none. */
  readonly framing: 'length' | 'chunked' | undefined;
  #seen: Buffer[] = [];
  #seenBytes = 0;
  #sink: BodySink | undefined;
  #isStalled = false;
  #gaveUp = false;
  #stopWaiting: (() => void) | undefined;
  /** Bytes that the client sent so far and we read. */
  bytes = 0;

  /** @param length as it is framed; 0 where there is none */
  constructor(source: BodySource, length: number | 'chunked', carried: Carried) {
    this.#source = source;
    this.#carried = carried;
    this.#length = length === 'chunked' ? 0 : length;
    if (length === 'chunked') this.framing = 'chunked';
    else this.framing = length > 0 ? 'length' : undefined;
  }

  /** Whether all of it has come from the client. */
  get isComplete(): boolean {
    return this.#source.isComplete;
  }

  /** Whether there is none, or all of a body of known length waits to be taken. */
  get isReady(): boolean {
    // Not whether it is complete, which node:http says in a turn of its own.
    return this.framing !== 'chunked' && this.bytes === 0 && this.#source.readableLength >= this.#length;
  }

  /** All of a body of known length, if it has come already; undefined where it has not. */
  takeWhole(): Buffer | undefined {
    if (this.framing === undefined || !this.isReady) return undefined;
    const whole = readAll(this.#source);
    this.#pass(whole);
    return whole;
  }

  /** Hands on what comes from now on, until it is whole. */
  relay(sink: BodySink): void {
    this.#sink = sink;
    this.#source.listen(() => this.#pump());
    this.#pump();
  }

  /** The sink takes more again. */
  resume(): void {
    this.#isStalled = false;
    this.#pump();
  }

  /** Nobody wants more of it. */
  stop(): void {
    this.#sink = undefined;
    this.#source.listen(undefined);
  }

  /** What still comes of it is read and dropped. */
  discard(): void {
    this.#source.discard();
  }

  /**
   * What a failure reply echoes: the body up to 64 KiB, waiting at most a second for it.
   *
   * @returns undefined for a longer, slower or broken one
   */
  prefix(): Promise<Buffer | undefined> {
    const source = this.#source;
    if (this.framing === undefined) return Promise.resolve(Buffer.alloc(0));
    if (this.#length > maxIdBytes || this.#gaveUp) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        source.listen(undefined);
        const isKnown = source.isOver && this.#seenBytes <= maxIdBytes;
        resolve(isKnown ? Buffer.concat(this.#seen) : undefined);
      };
      const look = () => {
        while (this.#seenBytes <= maxIdBytes) {
          const chunk = source.read();
          if (chunk === null) break;
          this.#remember(chunk);
        }
        if (source.isOver || source.isLost || this.#seenBytes > maxIdBytes) settle();
      };
      const timer = setTimeout(settle, maxIdMs);
      this.#stopWaiting = settle;
      source.listen(look);
      look();
    });
  }

  /** No failure can echo it any more: neither an open stream nor what is over is to keep what it was asked with. */
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
      const chunk = this.#source.read();
      if (chunk === null) break;
      this.#pass(chunk);
      this.#isStalled = !this.#sink.write(chunk);
    }
    const sink = this.#sink;
    if (sink === undefined || !this.#source.isOver) return;
    this.stop();
    sink.end();
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

/** All that waits to be read: since Node 26 one read() of a stream gives the first chunk of it only. */
function readAll(source: BodySource): Buffer {
  const first = source.read() ?? Buffer.alloc(0);
  if (source.readableLength === 0) return first;
  const all = [first];
  for (let chunk = source.read(); chunk !== null; chunk = source.read()) all.push(chunk);
  return Buffer.concat(all);
}

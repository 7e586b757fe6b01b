/** More than this waits in the client's own buffers. */
const maxHeldBytes = 65_536;

/** The body of a plain request, whose length is known, as it comes. */
export class PlainBody {
  readonly #onFlow: () => void;
  #chunks: Buffer[] = [];
  #left: number;
  #isDiscarded = false;
  #listener: (() => void) | undefined;
  /** Bytes that have come and were not taken. */
  readableLength = 0;
  /** The connection ended before it was whole. */
  isLost = false;

  /** @param onFlow told whenever {@link isFull} may have changed */
  constructor(bytes: number, onFlow: () => void) {
    this.#left = bytes;
    this.#onFlow = onFlow;
  }

  /** Whether all of it has come. */
  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** Whether all of it was taken. */
  get isOver(): boolean {
    return this.#left === 0 && this.readableLength === 0;
  }

  /** Whether no more of it is to be read for now. */
  get isFull(): boolean {
    return this.readableLength >= maxHeldBytes;
  }

  /** @returns what lies behind the body */
  push(received: Buffer): Buffer {
    const bytes = Math.min(this.#left, received.length);
    this.#left -= bytes;
    if (bytes > 0 && !this.#isDiscarded) {
      this.#chunks.push(bytes === received.length ? received : received.subarray(0, bytes));
      this.readableLength += bytes;
    }
    if (bytes > 0) this.#listener?.();
    return received.subarray(bytes);
  }

  /** What waits first; null where nothing does. */
  read(): Buffer | null {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.readableLength -= chunk.length;
    this.#onFlow();
    return chunk;
  }

  /** @param listener called when there is more, and when there will be no more; in place of the one before */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  /** Nobody wants what is left of it. */
  discard(): void {
    this.#isDiscarded = true;
    this.#chunks = [];
    this.readableLength = 0;
    this.#listener = undefined;
    this.#onFlow();
  }

  /** No more of it will come. */
  lose(): void {
    if (this.#left === 0) return;
    this.isLost = true;
    this.#listener?.();
  }
}

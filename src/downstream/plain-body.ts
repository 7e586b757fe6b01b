import type { BodySource } from './message.ts';

const noBytes = Buffer.alloc(0);

/** More than this of what a client sends ahead waits in its own buffers. */
export const maxHeldBytes = 65_536;

/** The body of a plain request, whose length is known, as it comes. */
export class PlainBody implements BodySource {
  readonly #onFlow: () => void;
  #chunks: Buffer[] = [];
  #left: number;
  #isDiscarded = false;
  #listener: (() => void) | undefined;
  readableLength = 0;
  isLost = false;

  /** @param onFlow told whenever {@link isFull} may have changed */
  constructor(bytes: number, onFlow: () => void) {
    this.#left = bytes;
    this.#onFlow = onFlow;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

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
    return bytes === received.length ? noBytes : received.subarray(bytes);
  }

  read(): Buffer | null {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return null;
    this.readableLength -= chunk.length;
    this.#onFlow();
    return chunk;
  }

  listen(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

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

import type { IncomingMessage } from 'node:http';
import type { BodySource } from './message.ts';

const events = ['readable', 'end', 'close', 'error'];

/** The body of a request that node:http reads. */
export class StreamedBody implements BodySource {
  readonly #request: IncomingMessage;
  #listener: (() => void) | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
  }

  get isComplete(): boolean {
    return this.#request.complete;
  }

  get isOver(): boolean {
    return this.#request.readableEnded;
  }

  get isLost(): boolean {
    return this.#request.destroyed && !this.#request.readableEnded;
  }

  get readableLength(): number {
    return this.#request.readableLength;
  }

  read(): Buffer | null {
    return this.#request.read() as Buffer | null;
  }

  listen(listener: (() => void) | undefined): void {
    for (const event of events) {
      if (this.#listener !== undefined) this.#request.off(event, this.#listener);
      if (listener !== undefined) this.#request.on(event, listener);
    }
    this.#listener = listener;
  }

  discard(): void {
    // While one listens for it to be readable, nothing flows.
    this.listen(undefined);
    this.#request.resume();
  }
}

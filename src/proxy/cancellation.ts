import type { Failure } from '../failure.ts';

/** The means to end what is under way, with the {@link Failure} that it ends with. */
export class Cancellation {
  #failure: Failure | undefined;
  #listener: ((failure: Failure) => void) | undefined;
  #controller: AbortController | undefined;

  /** Why it is to end; undefined as long as it is not. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The same for who wants a signal. Made when it is asked for: a request on a warm connection needs none, and it is not cheap. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#failure !== undefined) this.#controller.abort(this.#failure);
    }
    return this.#controller.signal;
  }

  /** Only the first time counts. */
  cancel(failure: Failure): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#listener?.(failure);
    this.#controller?.abort(failure);
  }

  /** @param listener called once, when it is to end; in place of the one before. None: undefined */
  listen(listener: ((failure: Failure) => void) | undefined): void {
    this.#listener = listener;
  }
}

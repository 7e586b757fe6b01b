import type { IncomingMessage } from 'node:http';
import type { Carried } from './carried.ts';

/** How much of a body is looked at for the id of a JSON-RPC request. */
const maxIdBytes = 65_536;
/** How long a failure waits for the rest of that body. */
const maxIdMs = 1_000;

/**
 * The body of a downstream request. One that has come whole by the time it is wanted (while a connection was dialled,
 * say) goes out in one piece; anything else is relayed as it arrives, with its beginning remembered in case the request
 * fails.
 */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #carried: Carried;
  #seen: Buffer[] = [];
  #seenBytes = 0;
  #whole: Buffer | null = null;
  #gaveUp = false;
  #stopWaiting: (() => void) | undefined;
  /** Bytes that the client sent so far and we read. */
  bytes = 0;

  constructor(request: IncomingMessage, carried: Carried) {
    this.#request = request;
    this.#carried = carried;
  }

  /** The body for undici: null, the whole of it, or what is still to come. The same again if it was not sent. */
  take(): Buffer | AsyncIterable<Buffer> | null {
    const request = this.#request;
    if (!hasBody(request) || this.#whole !== null) return this.#whole;
    if (!request.complete) return this.#stream();
    this.#whole = readAll(request);
    if (this.#whole !== null) {
      this.#remember(this.#whole);
      this.#carried.requestBytes += this.#whole.length;
    }
    return this.#whole;
  }

  /**
   * What a failure reply echoes: the body up to 64 KiB, waiting at most a second for it.
   *
   * @returns undefined for a longer, slower or broken one
   */
  async prefix(): Promise<Buffer | undefined> {
    const request = this.#request;
    if (!hasBody(request)) return Buffer.alloc(0);
    if (Number(request.headers['content-length'] ?? 0) > maxIdBytes) return undefined;
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

  /** No more of it is to be waited for. */
  giveUp(): void {
    this.#gaveUp = true;
    this.#stopWaiting?.();
  }

  async *#stream(): AsyncGenerator<Buffer> {
    // Undici's way with bodies would destroy the request, and with it the socket that the reply has to go to.
    for await (const chunk of this.#request.iterator({ destroyOnReturn: false })) {
      this.#remember(chunk as Buffer);
      this.#carried.requestBytes += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }

  #remember(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#seenBytes += chunk.length;
    if (this.#seenBytes <= maxIdBytes) this.#seen.push(chunk);
    else this.#seen = [];
  }
}

/** All that waits to be read: since Node 26 one read() gives the first chunk of it only. */
function readAll(request: IncomingMessage): Buffer | null {
  const chunks: Buffer[] = [];
  for (let chunk = take(request); chunk !== null; chunk = take(request)) chunks.push(chunk);
  return chunks.length > 1 ? Buffer.concat(chunks) : (chunks[0] ?? null);
}

function take(request: IncomingMessage): Buffer | null {
  return request.read() as Buffer | null;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
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

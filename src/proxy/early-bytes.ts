import type { Socket } from 'node:net';

/** More than this waits in the client's own buffers. */
const maxBytes = 65_536;

/**
 * Holds what a client sends before its way is open. A socket that nobody reads never tells that its other end has
 * left, and whoever left must not keep a dial going.
 */
export class EarlyBytes {
  readonly #socket: Socket;
  readonly #onGone: () => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #dropping = false;

  /** @param onGone the client has left: by an end too, for a client that stays does not end before it has an answer */
  constructor(socket: Socket, onGone: () => void) {
    this.#socket = socket;
    this.#onGone = onGone;
    socket.on('readable', this.#take).once('end', onGone).once('close', onGone);
    if (socket.destroyed) onGone();
  }

  /** Puts everything back, for whoever reads from now on. */
  release(): void {
    this.#socket.off('readable', this.#take).off('end', this.#onGone).off('close', this.#onGone);
    if (this.#chunks.length > 0 && !this.#socket.readableEnded)
      this.#socket.unshift(Buffer.concat(this.#chunks));
    this.#chunks.length = 0;
  }

  /** From now on nobody wants it: unread, it would keep the client from the answer (RFC 9112 section 9.6). */
  drop(): void {
    this.#chunks.length = 0;
    this.#dropping = true;
    this.#take();
  }

  readonly #take = (): void => {
    // All of it: since Node 26 one read() gives the first chunk only, and an end is told of behind the last.
    while (this.#bytes < maxBytes || this.#dropping) {
      const chunk = this.#socket.read() as Buffer | null;
      if (chunk === null) return;
      if (this.#dropping) continue;
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
    }
  };
}

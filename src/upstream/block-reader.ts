import { controlCharacter, controls, emptyLineBytes, findEmptyLine, type Lines } from './field-lines.ts';
import { MalformedResponseError } from './malformed-response.ts';

const statusStart = 'HTTP/1.';
const noBytes = Buffer.alloc(0);

/** Gathers bytes up to an empty line, which is never far: the head of a response, or the trailers behind a body. */
export class BlockReader {
  readonly #maxBytes: number;
  readonly #isHead: boolean;
  #room = noBytes;
  #heldBytes = 0;
  /** The block without its empty line, once it is whole. */
  lines: Lines | undefined;

  /**
   * @param maxBytes beyond which it is refused
   * @param kind trailers begin where the line before them has not ended yet: there may be none
   */
  constructor(maxBytes: number, kind: 'head' | 'trailers') {
    this.#maxBytes = maxBytes;
    this.#isHead = kind === 'head';
  }

  /** @returns the index behind the block, or behind all there is where more must come */
  read(chunk: Buffer, at: number): number | MalformedResponseError {
    const seen = this.#heldBytes;
    const fresh = at === 0 ? chunk : chunk.subarray(at);
    const bytes = seen === 0 ? fresh : this.#hold(fresh);
    const end = findEmptyLine(bytes, Math.max(0, seen - 3));
    if ((end < 0 ? bytes.length : end) > this.#maxBytes)
      return new MalformedResponseError('headers too long');
    if (end < 0) return this.#mayGoOn(seen === 0 ? this.#hold(fresh) : bytes, seen) ?? chunk.length;
    this.lines = { bytes, text: bytes.toString('latin1', 0, end) };
    return at + end + emptyLineBytes - seen;
  }

  /** Room is doubled where there is too little: what comes byte by byte is not copied anew for each. */
  #hold(fresh: Buffer): Buffer {
    const bytes = this.#heldBytes + fresh.length;
    if (bytes > this.#room.length) {
      const room = Buffer.allocUnsafe(2 * bytes);
      this.#room.copy(room, 0, 0, this.#heldBytes);
      this.#room = room;
    }
    fresh.copy(this.#room, this.#heldBytes);
    this.#heldBytes = bytes;
    return this.#room.subarray(0, bytes);
  }

  /** What can become nothing any more is refused now: who speaks another protocol waits for us as we would for him. */
  #mayGoOn(bytes: Buffer, seen: number): MalformedResponseError | undefined {
    // The two of an end of line may have come apart: a CR that was last is looked at with what came behind it.
    const from = bytes[seen - 1] === 0x0d ? seen - 1 : seen;
    const fresh = bytes.toString('latin1', from).replace(/\r$/, '');
    if (controls.test(fresh)) return new MalformedResponseError(controlCharacter);
    if (this.#isHead && seen < statusStart.length) {
      const start = bytes.toString('latin1', 0, statusStart.length);
      if (!statusStart.startsWith(start)) return new MalformedResponseError('no status line of HTTP/1.1');
    }
    return undefined;
  }
}

import { MalformedResponseError } from './malformed-response.ts';
import { hasIllegalBytes } from './response-head.ts';

const emptyLine = Buffer.from('\r\n\r\n');
const statusStart = 'HTTP/1.';

/** Gathers bytes up to an empty line, which is never far: the head of a response, or the trailers behind a body. */
export class BlockReader {
  readonly #maxBytes: number;
  readonly #isHead: boolean;
  #held: Buffer | undefined;
  /** The block without its empty line, in Latin-1, once it is whole. */
  text: string | undefined;

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
    const held = this.#held;
    const bytes = held === undefined ? chunk.subarray(at) : Buffer.concat([held, chunk.subarray(at)]);
    const heldBytes = held?.length ?? 0;
    const end = bytes.indexOf(emptyLine, Math.max(0, heldBytes - 3));
    if ((end < 0 ? bytes.length : end) > this.#maxBytes)
      return new MalformedResponseError('headers too long');
    if (end < 0) {
      this.#held = bytes;
      return this.#mayGoOn(bytes, heldBytes) ?? chunk.length;
    }
    this.#held = undefined;
    this.text = bytes.toString('latin1', 0, end);
    return at + end + emptyLine.length - heldBytes;
  }

  /** What can become nothing any more is refused now: who speaks another protocol waits for us as we would for him. */
  #mayGoOn(bytes: Buffer, seen: number): MalformedResponseError | undefined {
    // From a byte before: the two of an end of line may have come apart.
    const fresh = bytes.toString('latin1', Math.max(0, seen - 1)).replace(/\r$/, '');
    if (hasIllegalBytes(fresh)) return new MalformedResponseError('a control character in the head');
    const start = bytes.toString('latin1', 0, statusStart.length);
    if (this.#isHead && !statusStart.startsWith(start))
      return new MalformedResponseError('no status line of HTTP/1.1');
    return undefined;
  }
}

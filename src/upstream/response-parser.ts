import { BlockReader } from './block-reader.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';
import { MalformedResponseError } from './malformed-response.ts';
import { ResponseHeads, type ResponseHead } from './response-head.ts';

/** Hears what a response is made of, as it comes. */
export interface ResponseParts {
  /** An interim head (1xx), or the one final head. */
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** The response is whole. @param trailers names and values in turn */
  onEnd(trailers: readonly string[]): void;
}

/**
 * Reads the response to one request out of what a server sends, strictly and within bounds. What it takes, llhttp
 * takes too and in the same way; it refuses more. Of what it handed on no more is kept than came with the head.
 */
export class ResponseParser {
  /** Kept for its shape's sake: docs/decisions/0016. */
  static last: ResponseParser | undefined;
  readonly #method: string;
  readonly #parts: ResponseParts;
  readonly #heads: ResponseHeads;
  readonly #maxHeadBytes: number;
  #headBytes = 0;
  #block: BlockReader;
  /** Of a body whose length is known. */
  #left = 0;
  #chunks: ChunkedDecoder | undefined;
  /** The final one, once it has come. */
  head: ResponseHead | undefined;
  /** Nothing more is to be read: the response is whole, or a 101 has ended HTTP. */
  isOver = false;

  /**
   * @param maxHeadBytes of all heads of a response together, and of its trailers
   * @param heads of the connection
   */
  constructor(method: string, maxHeadBytes: number, parts: ResponseParts, heads = new ResponseHeads()) {
    this.#method = method;
    this.#maxHeadBytes = maxHeadBytes;
    this.#parts = parts;
    this.#heads = heads;
    this.#block = new BlockReader(maxHeadBytes, 'head');
    ResponseParser.last = this;
  }

  /** @returns the index behind the response, or behind all there is; or what is wrong with it */
  read(chunk: Buffer): number | MalformedResponseError {
    let at = 0;
    while (at < chunk.length && !this.isOver) {
      const next = this.head === undefined ? this.#readHead(chunk, at) : this.#readBody(chunk, at, this.head);
      if (next instanceof MalformedResponseError) return next;
      at = next;
    }
    return at;
  }

  /** The server has ended the connection. @returns whether that was the end of the response */
  end(): boolean {
    if (this.head?.body === 'until_close' && !this.isOver) this.#finish([]);
    return this.isOver;
  }

  #readHead(chunk: Buffer, at: number): number | MalformedResponseError {
    const next = this.#block.read(chunk, at);
    const { lines } = this.#block;
    if (next instanceof MalformedResponseError || lines === undefined) return next;
    this.#headBytes += lines.text.length;
    if (this.#headBytes > this.#maxHeadBytes) return new MalformedResponseError('headers too long');
    const head = this.#heads.read(lines, this.#method);
    if (head instanceof MalformedResponseError) return head;
    if (head.status < 200 && head.status !== 101) {
      if (!head.keepsAlive) return new MalformedResponseError('an interim response that ends the connection');
      this.#block = new BlockReader(this.#maxHeadBytes, 'head');
    } else this.#begin(head);
    this.#parts.onHead(head);
    if (head.body === 0 && this.head === head && head.status !== 101) this.#finish([]);
    return next;
  }

  #begin(head: ResponseHead): void {
    this.head = head;
    this.isOver = head.status === 101;
    if (typeof head.body === 'number') this.#left = head.body;
    else if (head.body === 'chunked')
      this.#chunks = new ChunkedDecoder(this.#maxHeadBytes, (data) => this.#parts.onBody(data));
  }

  #readBody(chunk: Buffer, at: number, { body }: ResponseHead): number | MalformedResponseError {
    if (this.#chunks !== undefined) return this.#readChunks(chunk, at, this.#chunks);
    const end = body === 'until_close' ? chunk.length : Math.min(chunk.length, at + this.#left);
    this.#parts.onBody(chunk.subarray(at, end));
    if (body === 'until_close') return end;
    this.#left -= end - at;
    if (this.#left === 0) this.#finish([]);
    return end;
  }

  #readChunks(chunk: Buffer, at: number, chunks: ChunkedDecoder): number | MalformedResponseError {
    const next = chunks.read(chunk, at);
    if (!(next instanceof MalformedResponseError) && chunks.trailers !== undefined)
      this.#finish(chunks.trailers);
    return next;
  }

  #finish(trailers: readonly string[]): void {
    this.isOver = true;
    this.#parts.onEnd(trailers);
  }
}

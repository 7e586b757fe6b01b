import { BlockReader } from './block-reader.ts';
import { inValues, parseFields } from './field-lines.ts';
import { MalformedResponseError } from './malformed-response.ts';

/** A size and its extensions; nobody sends extensions, and nobody needs long ones. */
const maxSizeLine = 1_024;
/** RFC 9112 section 7.1 without its bad whitespace, and with up to 13 digits: no size is beyond what a number holds. */
const sizeLine =
  /^([\dA-Fa-f]{1,13})(?:;[!#$%&'*+\-.^_`|~\dA-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~\dA-Za-z]+|"[\t !#-[\]-~\x80-\xff]*"))?)*$/;

/** What would be said of a body that is over (RFC 9110 section 6.5.1). */
const isFraming = /^(?:content-length|transfer-encoding)$/i;

/** Takes the framing off a body in chunks (RFC 9112 section 7.1). */
export class ChunkedDecoder {
  readonly #onBody: (chunk: Buffer) => void;
  readonly #trailers: BlockReader;
  #line = '';
  /** Bytes left of the chunk with its end of line; undefined within a size line. */
  #left: number | undefined;
  #isLast = false;
  /** The trailers, names and values in turn, once the body is whole. */
  trailers: string[] | undefined;

  constructor(maxTrailerBytes: number, onBody: (chunk: Buffer) => void) {
    this.#onBody = onBody;
    this.#trailers = new BlockReader(maxTrailerBytes, 'trailers');
  }

  /** @returns the index behind what was read */
  read(chunk: Buffer, from: number): number | MalformedResponseError {
    let at = from;
    while (at < chunk.length && this.trailers === undefined) {
      const next = this.#isLast
        ? this.#readTrailers(chunk, at)
        : this.#left === undefined
          ? this.#readSize(chunk, at)
          : this.#readData(chunk, at, this.#left);
      if (next instanceof MalformedResponseError) return next;
      at = next;
    }
    return at;
  }

  /** The line's own end is left where it is the last chunk's: trailers, or their absence, begin with it. */
  #readSize(chunk: Buffer, at: number): number | MalformedResponseError {
    const newline = chunk.indexOf(0x0a, at);
    const end = newline < 0 ? chunk.length : newline + 1;
    this.#line += chunk.toString('latin1', at, end);
    if (this.#line.length > maxSizeLine) return new MalformedResponseError('a chunk size that does not end');
    if (newline < 0) return mayBecomeSize(this.#line) ? end : badSize();
    const size = this.#line.endsWith('\r\n') ? sizeLine.exec(this.#line.slice(0, -2))?.[1] : undefined;
    if (size === undefined) return badSize();
    this.#line = '';
    const bytes = Number.parseInt(size, 16);
    if (bytes > 0) {
      this.#left = bytes + 2;
      return end;
    }
    this.#isLast = true;
    const began = this.#trailers.read(Buffer.from('\r\n'), 0);
    return began instanceof MalformedResponseError ? began : end;
  }

  #readData(chunk: Buffer, at: number, left: number): number | MalformedResponseError {
    const data = Math.min(left - 2, chunk.length - at);
    if (data > 0) this.#onBody(chunk.subarray(at, at + data));
    let next = at + Math.max(data, 0);
    let rest = left - Math.max(data, 0);
    for (; rest <= 2 && rest > 0 && next < chunk.length; rest--, next++)
      if (chunk[next] !== (rest === 2 ? 0x0d : 0x0a))
        return new MalformedResponseError('a chunk beyond its size');
    this.#left = rest === 0 ? undefined : rest;
    return next;
  }

  #readTrailers(chunk: Buffer, at: number): number | MalformedResponseError {
    const next = this.#trailers.read(chunk, at);
    const { lines } = this.#trailers;
    if (next instanceof MalformedResponseError || lines === undefined) return next;
    const fields = parseFields(lines, '\r\n'.length, inValues.latin1);
    if (fields instanceof MalformedResponseError) return fields;
    if (fields.some((name, index) => index % 2 === 0 && isFraming.test(name)))
      return new MalformedResponseError('a length among the trailers');
    this.trailers = fields;
    return next;
  }
}

/** Whether a line that has not ended may still be the size of a chunk. */
function mayBecomeSize(line: string): boolean {
  return /^[\dA-Fa-f]{1,13}(?:;.*)?\r?$/.test(line);
}

function badSize(): MalformedResponseError {
  return new MalformedResponseError('a chunk size that is none');
}

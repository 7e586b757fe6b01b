import { Failure } from '../failure.ts';
import { placeReference, type RewriteContext } from './rewrite.ts';

/** An `endpoint` is a few hundred bytes: a first event of more than this is a message, and is not held back. */
const maxHeldBytes = 65_536;

/**
 * Watches the SSE stream of a base-URL GET. The old SSE transport names in its first event, `endpoint`, where to
 * post: on the server's own origin it gets the server's prefix, elsewhere it is refused. SDK clients obey an
 * `endpoint` at any time, so a later one is refused too. All else passes untouched.
 */
export class EndpointFilter {
  readonly #context: RewriteContext;
  /** The beginning of the first event, held back until it is whole; undefined once it has passed. */
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  readonly #block = new Block();
  #skipsLf = false;
  /** The line that is under way, as far as it could still be `event: endpoint`. */
  #line = '';

  constructor(context: RewriteContext) {
    this.#context = context;
  }

  /** @returns what passes now, and a failure where the stream must end after it */
  push(chunk: Buffer): { pass: Buffer; failure?: Failure } {
    if (this.#held === undefined) return this.#scanRest(chunk);
    const { preamble, end } = this.#block.read(chunk);
    const before = preamble === 0 ? Buffer.alloc(0) : this.#release(chunk.subarray(0, preamble));
    if (end === undefined) {
      this.#held.push(chunk.subarray(preamble));
      this.#heldBytes += chunk.length - preamble;
      if (this.#heldBytes <= maxHeldBytes) return { pass: before };
      const large = this.#release(Buffer.alloc(0));
      this.#held = undefined;
      const scanned = this.#scan(large);
      return { ...scanned, pass: Buffer.concat([before, scanned.pass]) };
    }
    const written = this.#release(chunk.subarray(preamble, end));
    const event = rewriteEvent(written, this.#context);
    if (event instanceof Failure) return { pass: before, failure: event };
    this.#held = undefined;
    this.#skipsLf = event !== written && written.at(-1) === 13;
    const rest = this.#scanRest(chunk.subarray(end));
    return { ...rest, pass: Buffer.concat([before, event, rest.pass]) };
  }

  /** What was held back when the stream ended before its first event did. An `endpoint` cut short is none: it goes. */
  flush(): { pass: Buffer; failure?: Failure } {
    const bytes = Buffer.concat(this.#held ?? []);
    return { pass: rewriteEvent(bytes, this.#context) === bytes ? bytes : Buffer.alloc(0) };
  }

  /** What is held and these bytes after it. */
  #release(bytes: Buffer): Buffer {
    const all = Buffer.concat([...(this.#held ?? []), bytes]);
    this.#held = [];
    this.#heldBytes = 0;
    return all;
  }

  /** A blank line that began with CR may go on with LF, which a rewritten event has no place for. */
  #scanRest(chunk: Buffer): { pass: Buffer; failure?: Failure } {
    if (chunk.length === 0) return { pass: chunk };
    const skip = this.#skipsLf && chunk[0] === 10 ? 1 : 0;
    this.#skipsLf = false;
    return this.#scan(chunk.subarray(skip));
  }

  #scan(chunk: Buffer): { pass: Buffer; failure?: Failure } {
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (byte === 10 || byte === 13) {
        if (isEndpointLine(this.#line))
          return {
            pass: chunk.subarray(0, index),
            failure: malformed('an endpoint event that is not the first, or too large'),
          };
        this.#line = '';
      } else if (this.#line.length < longestLine) this.#line += String.fromCharCode(byte ?? 0);
      // The line is too long to matter: on to its end.
      else index = nextLineEnd(chunk, index) - 1;
    }
    return { pass: chunk };
  }
}

/** One more than `event: endpoint` and a byte order mark, so that a longer line is told from it. */
const longestLine = '\u00ef\u00bb\u00bfevent: endpoint'.length + 1;

function nextLineEnd(chunk: Buffer, from: number): number {
  const ends = [chunk.indexOf(10, from), chunk.indexOf(13, from)].filter((one) => one >= 0);
  return ends.length === 0 ? chunk.length : Math.min(...ends);
}

/**
 * Finds the first event in bytes as they come (HTML standard, section 9.2.6): each is looked at once, for a server may
 * send them one by one. Comments, blank lines and blocks that dispatch no event go before it.
 */
class Block {
  /** The beginning of the line under way, as far as it tells what the line is. */
  #line = '';
  #isFirstLine = true;
  #afterCr = false;
  #hasField = false;
  #dispatches = false;

  /**
   * @returns up to where the chunk belongs to what goes before the event (0: none of it, and what was held belongs to
   *   the event too), and where the event ends, if it does
   */
  read(chunk: Buffer): { preamble: number; end: number | undefined } {
    let preamble = 0;
    for (let index = 0; index < chunk.length;) {
      const end = nextLineEnd(chunk, index);
      if (this.#line.length < longestLine) {
        const shown = Math.min(end, index + longestLine);
        this.#line += chunk.toString('latin1', index, shown);
      }
      if (end === chunk.length) break;
      index = end + 1;
      const isCrLf = chunk[end] === 10 && this.#afterCr && this.#line === '';
      this.#afterCr = chunk[end] === 13;
      if (!isCrLf && this.#endLine()) return { preamble, end: index };
      if (!this.#hasField) preamble = index;
    }
    return { preamble, end: undefined };
  }

  /** @returns whether the line was the blank one that dispatches the first event */
  #endLine(): boolean {
    // The byte order mark, in UTF-8 read as Latin-1.
    const line = this.#isFirstLine ? this.#line.replace(/^\u00ef\u00bb\u00bf/, '') : this.#line;
    this.#isFirstLine = false;
    this.#line = '';
    if (line === '') {
      const isWhole = this.#dispatches;
      this.#hasField = false;
      this.#dispatches = false;
      return isWhole;
    }
    if (line.startsWith(':')) return false;
    this.#hasField = true;
    // Without data there is no event, says the standard, but some clients see one in the name alone.
    if (/^data(?:$|:)/.test(line) || isEndpointLine(line)) this.#dispatches = true;
    return false;
  }
}

function isEndpointLine(line: string): boolean {
  return /^event: ?endpoint$/.test(line);
}

/** The event as it passes: with our prefix where it is an `endpoint` on the server's own origin, else untouched. */
function rewriteEvent(event: Buffer, context: RewriteContext): Buffer | Failure {
  const lines = event.toString('utf8').split(/\r\n|\n|\r/);
  const fields = lines.map((line) => /^\uFEFF?([^:]*):? ?(.*)$/s.exec(line));
  if (!fields.some((field) => field?.[1] === 'event' && field[2] === 'endpoint')) return event;
  const data = fields.filter((field) => field?.[1] === 'data').map((field) => field?.[2] ?? '');
  const place = placeReference(data.join('\n'), context);
  if (data.length === 0 || place.kind !== 'own')
    return malformed('an endpoint event that leads away from the server');
  const others = lines.filter((line, index) => line !== '' && fields[index]?.[1] !== 'data');
  return Buffer.from(`${[...others, `data: ${place.path}`].join('\n')}\n\n`);
}

function malformed(why: string): Failure {
  return new Failure('response_malformed', 'response', new Error(why));
}

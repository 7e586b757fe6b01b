import { Failure } from '../failure.ts';
import { placeReference, type RewriteContext } from './rewrite.ts';

/** The first event of a stream is a few hundred bytes; more than this is no `endpoint`. */
const maxFirstEventBytes = 65_536;

/**
 * Watches the SSE stream of a base-URL GET. The old SSE transport names in its first event, `endpoint`, where to
 * post: on the server's own origin it gets the server's prefix, elsewhere it is refused. SDK clients obey an
 * `endpoint` at any time, so a later one is refused too. All else passes untouched.
 */
export class EndpointFilter {
  readonly #context: RewriteContext;
  /** The beginning of the first event, held back until it is whole; undefined once it has passed. */
  #held: Buffer | undefined = Buffer.alloc(0);
  /** The line that is under way, as far as it could still be `event: endpoint`. */
  #line = '';

  constructor(context: RewriteContext) {
    this.#context = context;
  }

  /** @returns what passes now, and a failure where the stream must end after it */
  push(chunk: Buffer): { pass: Buffer; failure?: Failure } {
    if (this.#held === undefined) return this.#scan(chunk);
    const mayEnd = this.#held.at(-1) === 13 || nextLineEnd(chunk, 0) < chunk.length;
    const bytes = Buffer.concat([this.#held, chunk]);
    const { start, end } = mayEnd ? findFirstEvent(bytes, false) : { start: 0, end: undefined };
    const comments = bytes.subarray(0, start);
    if (end === undefined) {
      this.#held = bytes.subarray(start);
      const endless = this.#held.length > maxFirstEventBytes;
      return { pass: comments, ...(endless ? { failure: malformed('a first event without end') } : {}) };
    }
    this.#held = undefined;
    const event = rewriteEvent(bytes.subarray(start, end), this.#context);
    if (event instanceof Failure) return { pass: comments, failure: event };
    const rest = this.#scan(bytes.subarray(end));
    return { ...rest, pass: Buffer.concat([comments, event, rest.pass]) };
  }

  /** What was held back when the stream ended before its first event did. An `endpoint` cut short is none: it goes. */
  flush(): { pass: Buffer; failure?: Failure } {
    const bytes = this.#held ?? Buffer.alloc(0);
    const { end } = findFirstEvent(bytes, true);
    const event = rewriteEvent(bytes, this.#context);
    if (event === bytes) return { pass: bytes };
    if (end === undefined) return { pass: Buffer.alloc(0) };
    return event instanceof Failure ? { pass: Buffer.alloc(0), failure: event } : { pass: event };
  }

  #scan(chunk: Buffer): { pass: Buffer; failure?: Failure } {
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (byte === 10 || byte === 13) {
        if (/^event: ?endpoint$/.test(this.#line))
          return { pass: chunk.subarray(0, index), failure: malformed('a second endpoint event') };
        this.#line = '';
      } else if (this.#line.length < longestLine) this.#line += String.fromCharCode(byte ?? 0);
      // The line is too long to matter: on to its end.
      else index = nextLineEnd(chunk, index) - 1;
    }
    return { pass: chunk };
  }
}

/** One more than `event: endpoint`, so that a longer line is told from it. */
const longestLine = 'event: endpoint'.length + 1;

function nextLineEnd(chunk: Buffer, from: number): number {
  const ends = [chunk.indexOf(10, from), chunk.indexOf(13, from)].filter((one) => one >= 0);
  return ends.length === 0 ? chunk.length : Math.min(...ends);
}

/**
 * Where the first event begins, after comments and blank lines, and where the blank line that dispatches it ends
 * (HTML standard, section 9.2.6).
 */
function findFirstEvent(bytes: Buffer, isLast: boolean): { start: number; end: number | undefined } {
  const text = bytes.toString('latin1');
  // Whether a CR at the very end stands alone is known only with the next byte, or with the end. Sticky, or a long
  // line without an end would be looked through from each of its characters.
  const lines = isLast ? /([^\r\n]*)(?:\r\n|\n|\r)/y : /([^\r\n]*)(?:\r\n|\n|\r(?=[^]))/y;
  let start = 0;
  let inEvent = false;
  for (let match = lines.exec(text); match !== null; match = lines.exec(text)) {
    const line = match[1] ?? '';
    if (line === '' && inEvent) return { start, end: lines.lastIndex };
    if (line !== '' && !line.startsWith(':')) inEvent = true;
    if (!inEvent) start = lines.lastIndex;
  }
  return { start, end: undefined };
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

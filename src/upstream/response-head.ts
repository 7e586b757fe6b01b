import { controlCharacter, controls, inValues, parseFields, readDigits, type Lines } from './field-lines.ts';
import { MalformedResponseError } from './malformed-response.ts';
import { HeadForm } from './head-form.ts';
import { notableAmong, withContentLength, type RawHeaders } from './raw-headers.ts';

/** The head of a response, read strictly: what RFC 9112 lets a lenient reader repair is refused. */
export interface ResponseHead {
  readonly status: number;
  /** The reason phrase in Latin-1, as it came; empty where there is none. */
  readonly phrase: string;
  /** Names and values in turn, in Latin-1, in order, duplicates kept. */
  readonly headers: RawHeaders;
  /** As it came; empty where there is none. */
  readonly contentLength: string;
  /** Bytes of the body: `chunked`, or all up to the end of the connection, where they are not known. */
  readonly body: number | 'chunked' | 'until_close';
  /** Whether another request may follow on the connection. */
  readonly keepsAlive: boolean;
  /** How long the server keeps an idle connection, by its `Keep-Alive`; undefined where it does not say. */
  readonly keepAliveMs: number | undefined;
  /** The same for all of a connection that differ in their Content-Length alone; undefined for its first. */
  readonly form: ResponseForm | undefined;
}

/** What response heads have in common that differ in their Content-Length alone. */
export class ResponseForm extends HeadForm {
  /** The header lines that clients get to see, once they are known to be the same for all of them. */
  passing: HeadForm | undefined;
}

/** Reads the heads of a connection's responses, of which most are of one form: that is read once. */
export class ResponseHeads {
  #last: ResponseHead | undefined;
  /** Of the request to it. */
  #method = '';
  #hasRead = false;

  /** As {@link parseResponseHead} does. */
  read(lines: Lines, method: string): ResponseHead | MalformedResponseError {
    const last = method === this.#method ? this.#last : undefined;
    const length = last?.form?.lengthOf(lines.text);
    if (last?.form !== undefined && length !== undefined)
      return ofSameForm(last, last.form, { contentLength: length, method });
    // Nothing is kept of a connection's only response, which may be a stream.
    const head = parseResponseHead(lines, method, this.#hasRead);
    this.#hasRead = true;
    this.#last = head instanceof MalformedResponseError ? undefined : head;
    this.#method = method;
    return head;
  }
}

function ofSameForm(
  first: ResponseHead,
  form: ResponseForm,
  { contentLength, method }: { contentLength: string; method: string },
): ResponseHead {
  form.recurs = true;
  if (contentLength === first.contentLength) return first;
  const { status, phrase, keepsAlive, keepAliveMs } = first;
  const headers = withContentLength(first.headers, contentLength);
  const body = isBodiless(method, status) ? 0 : Number(contentLength);
  return { status, phrase, headers, contentLength, body, keepsAlive, keepAliveMs, form };
}

const crlf = '\r\n';
const framingName = notableAmong([
  'content-length',
  'transfer-encoding',
  'connection',
  'proxy-connection',
  'keep-alive',
]);

/**
 * Reads the head of a response.
 *
 * @param lines up to and without the empty line, as `BlockReader` gives them
 * @param method of the request: an answer to HEAD has no body
 * @param hasForm whether others of its form may follow
 */
function parseResponseHead(
  lines: Lines,
  method: string,
  hasForm: boolean,
): ResponseHead | MalformedResponseError {
  const { text } = lines;
  const end = text.indexOf(crlf);
  const line = end < 0 ? text : text.slice(0, end);
  const status = readStatus(line);
  if (status === undefined) return malformed('no status line of HTTP/1.1');
  const phrase = line.slice('HTTP/1.1 200 '.length);
  if (controls.test(phrase)) return malformed(controlCharacter);
  const headers = end < 0 ? [] : parseFields(lines, end + crlf.length, inValues.latin1);
  if (headers instanceof MalformedResponseError) return headers;
  const framing = readFraming(headers, line.startsWith('HTTP/1.1'));
  if (framing instanceof MalformedResponseError) return framing;
  const { contentLength, keepsAlive, keepAliveMs } = framing;
  // To llhttp a tab behind it makes it another coding, and the body one that ends with the connection.
  if (framing.body === 'chunked' && text.includes('\t') && /chunked *\t/i.test(text))
    return malformed('a transfer coding besides chunked');
  const body = isBodiless(method, status) ? 0 : framing.body;
  const form = hasForm ? new ResponseForm(text, contentLength) : undefined;
  return { status, phrase, headers, contentLength, body, keepsAlive, keepAliveMs, form };
}

/** Whether a response has no body, whatever its headers say (RFC 9112 section 6.3). */
function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304;
}

/** RFC 9112 section 4. A version beyond 1.1 is none that could be spoken here. @returns undefined for no such line */
function readStatus(line: string): number | undefined {
  if (!line.startsWith('HTTP/1.1 ') && !line.startsWith('HTTP/1.0 ')) return undefined;
  if (line.length > 'HTTP/1.1 200'.length && line['HTTP/1.1 200'.length] !== ' ') return undefined;
  const status = readDigits(line.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
  return status === undefined || status < 100 ? undefined : status;
}

type Framing = Pick<ResponseHead, 'contentLength' | 'body' | 'keepsAlive' | 'keepAliveMs'>;

/** RFC 9112 sections 6.3 and 9.3. Lengths that contradict each other, even those that agree, are an attack or a bug. */
function readFraming(headers: readonly string[], is11: boolean): Framing | MalformedResponseError {
  let contentLength = '';
  let length: number | undefined;
  let isChunked = false;
  let persists = is11;
  let closes = false;
  let keepAliveMs: number | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1] ?? '';
    switch (framingName(headers[index] ?? '')) {
      case 'content-length':
        if (length !== undefined) return badLength();
        length = readDigits(value);
        if (length === undefined) return badLength();
        contentLength = value;
        break;
      case 'transfer-encoding':
        // A coding besides chunked would be lost with the header (RFC 9112 section 6.1).
        if (isChunked || !is11 || value.toLowerCase() !== 'chunked')
          return malformed('a transfer coding besides chunked');
        isChunked = true;
        break;
      case 'connection':
      case 'proxy-connection': // Of no standard; llhttp and others obey it.
        if (is11 && value === 'keep-alive') break; // The usual one, which says nothing.
        if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) closes = true;
        else if (!is11 && /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value)) persists = true;
        break;
      case 'keep-alive':
        keepAliveMs = readKeepAliveMs(value);
    }
  }
  if (isChunked && length !== undefined) return malformed('Content-Length beside Transfer-Encoding');
  const body = isChunked ? 'chunked' : (length ?? 'until_close');
  return { contentLength, body, keepsAlive: persists && !closes, keepAliveMs };
}

function readKeepAliveMs(value: string): number | undefined {
  const seconds = /(?:^|[,;])[ \t]*timeout[ \t]*=[ \t]*"?(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function badLength(): MalformedResponseError {
  return malformed('a Content-Length that is none');
}

function malformed(what: string): MalformedResponseError {
  return new MalformedResponseError(what);
}

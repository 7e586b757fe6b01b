import { emptyLineBytes, findEmptyLine, inValues, parseFields, readDigits } from '../upstream/field-lines.ts';
import { HeadForm } from '../upstream/head-form.ts';
import { notableAmong, withContentLength } from '../upstream/raw-headers.ts';

/** The head of a plain request. */
export interface PlainHead {
  readonly method: string;
  /** The request target, as it came. */
  readonly url: string;
  readonly httpVersion: '1.1';
  /** Names and values in turn, in order, duplicates kept. */
  readonly rawHeaders: string[];
  /** As it came; empty where there is none. */
  readonly contentLength: string;
  /** Bytes of the body; 0 where there is none. */
  readonly bodyBytes: number;
  /** Whether the client means to go on with the connection. */
  readonly keepsAlive: boolean;
  /** Bytes of the head, its empty line included. */
  readonly bytes: number;
  /** The same for all of a connection that differ in their Content-Length alone; undefined for its first. */
  readonly form: HeadForm | undefined;
}

/** Origin form, or the absolute form of a host without user info (RFC 9112 section 3.2). No fragment. */
const requestLine =
  /^(?:GET|POST|DELETE|HEAD|OPTIONS|PUT|PATCH) (?:\/[!-"$-~]*|http:\/\/[A-Za-z\d.:[\]-]+(?:\/[!-"$-~]*)?) HTTP\/1\.1$/;
const notableName = notableAmong([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'expect',
  'upgrade',
  'proxy-connection',
]);

/** Reads the heads of a connection's requests, of which most are of one form: that is read once. */
export class PlainHeads {
  /** The first of its form. */
  #last: PlainHead | undefined;
  #hasRead = false;

  /** As {@link readPlainHead} does. */
  read(received: Buffer, maxBytes: number): PlainHead | undefined {
    const text = headText(received, maxBytes);
    if (text === undefined) return undefined;
    const last = this.#last;
    const length = last?.form?.lengthOf(text);
    if (last?.form !== undefined && length !== undefined) return ofSameForm(last, last.form, length);
    // Nothing is kept of a connection's only request, which may be for a stream.
    const head = readText(received, text, this.#hasRead);
    if (this.#hasRead) this.#last = head;
    this.#hasRead = true;
    return head;
  }
}

function ofSameForm(first: PlainHead, form: HeadForm, contentLength: string): PlainHead {
  form.recurs = true;
  if (contentLength === first.contentLength) return first;
  return {
    method: first.method,
    url: first.url,
    httpVersion: first.httpVersion,
    rawHeaders: withContentLength(first.rawHeaders, contentLength),
    contentLength,
    bodyBytes: Number(contentLength),
    keepsAlive: first.keepsAlive,
    bytes: first.bytes + contentLength.length - first.contentLength.length,
    form,
  };
}

/**
 * Reads the head of a request that has nothing in it that could be read in two ways, whole at the beginning of what came.
 * What it takes, llhttp takes in the same way; it takes much less.
 *
 * @param maxBytes beyond which no head is taken
 * @returns undefined for anything else: incomplete, rare, or wrong
 */
export function readPlainHead(received: Buffer, maxBytes: number): PlainHead | undefined {
  const text = headText(received, maxBytes);
  return text === undefined ? undefined : readText(received, text, false);
}

/** All before the empty line. */
function headText(received: Buffer, maxBytes: number): string | undefined {
  const end = findEmptyLine(received, 0);
  return end < 0 || end > maxBytes ? undefined : received.toString('latin1', 0, end);
}

/** @param hasForm whether others of its form may follow */
function readText(received: Buffer, text: string, hasForm: boolean): PlainHead | undefined {
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0) return undefined;
  const line = text.slice(0, lineEnd);
  if (!requestLine.test(line)) return undefined;
  // Not Latin-1, which one reader may take for something else than another.
  const rawHeaders = parseFields({ bytes: received, text }, lineEnd + 2, inValues.ascii);
  if (!Array.isArray(rawHeaders)) return undefined;
  const framing = readFraming(rawHeaders);
  if (framing === undefined) return undefined;
  const space = line.indexOf(' ');
  const method = line.slice(0, space);
  const url = line.slice(space + 1, -' HTTP/1.1'.length);
  const { contentLength, bodyBytes, keepsAlive } = framing;
  return {
    method,
    url,
    httpVersion: '1.1',
    rawHeaders,
    contentLength,
    bodyBytes,
    keepsAlive,
    bytes: text.length + emptyLineBytes,
    form: hasForm ? new HeadForm(text, contentLength) : undefined,
  };
}

/** @returns undefined where the framing, the connection or the Host is anything but ordinary */
function readFraming(
  headers: readonly string[],
): Pick<PlainHead, 'contentLength' | 'bodyBytes' | 'keepsAlive'> | undefined {
  let contentLength = '';
  let bodyBytes: number | undefined;
  let connection: string | undefined;
  let hosts = 0;
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1] ?? '';
    switch (notableName(headers[index] ?? '')) {
      case 'host':
        hosts++;
        break;
      case 'content-length':
        if (bodyBytes !== undefined) return undefined;
        bodyBytes = readDigits(value);
        if (bodyBytes === undefined) return undefined;
        contentLength = value;
        break;
      case 'connection':
        if (connection !== undefined) return undefined;
        connection = value.toLowerCase();
        break;
      case 'transfer-encoding':
      case 'expect':
      case 'upgrade':
      case 'proxy-connection':
        return undefined;
    }
  }
  const keepsAlive = connection === undefined || connection === 'keep-alive';
  if (hosts !== 1 || !(keepsAlive || connection === 'close')) return undefined;
  return { contentLength, bodyBytes: bodyBytes ?? 0, keepsAlive };
}

/** An HTTP/1.1 response as it stood on the wire. */
export interface RawResponse {
  readonly status: number;
  readonly statusText: string;
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  /** The values of a header, joined; null if it is not there, as with fetch. */
  header(name: string): string | null;
  /** After chunked decoding; content encodings stay. */
  readonly body: string;
  /** false: the bytes ended before the body did. */
  readonly complete: boolean;
}

/**
 * Reads the responses in bytes that came back. What follows the 2xx answer to a CONNECT is no HTTP: cut it off before.
 *
 * @param bytes as `sendRaw` returns them
 */
export function parseResponses(bytes: Buffer | string): RawResponse[] {
  let rest = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
  const responses: RawResponse[] = [];
  while (rest !== '') {
    const head = /^HTTP\/1\.[01] (\d{3}) ?([^\r\n]*)\r\n((?:[^\r\n]+\r\n)*)\r\n/.exec(rest);
    if (head === null) throw new Error(`this is no HTTP response: ${JSON.stringify(rest.slice(0, 200))}`);
    const [text, status = '', statusText = '', fields = ''] = head;
    const rawHeaders = fields.split('\r\n').slice(0, -1).flatMap(splitField);
    const body = takeBody(Number(status), rawHeaders, rest.slice(text.length));
    const header = (name: string) => headerOf(rawHeaders, name);
    responses.push({
      status: Number(status),
      statusText,
      rawHeaders,
      header,
      body: decode(body.text),
      complete: body.complete,
    });
    rest = body.rest;
  }
  return responses;
}

interface TakenBody {
  readonly text: string;
  readonly rest: string;
  readonly complete: boolean;
}

function takeBody(status: number, rawHeaders: readonly string[], rest: string): TakenBody {
  if (status < 200 || status === 204 || status === 304) return { text: '', rest, complete: true };
  if (headerOf(rawHeaders, 'transfer-encoding')?.includes('chunked')) return takeChunks(rest);
  const length = headerOf(rawHeaders, 'content-length');
  if (length === null) return { text: rest, rest: '', complete: true };
  const size = Number(length);
  return { text: rest.slice(0, size), rest: rest.slice(size), complete: rest.length >= size };
}

function takeChunks(bytes: string): TakenBody {
  let text = '';
  let rest = bytes;
  for (;;) {
    const size = /^([0-9a-fA-F]+)[^\r\n]*\r\n/.exec(rest);
    if (size === null) return { text, rest: '', complete: false };
    const [line, digits = ''] = size;
    const length = parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (length === 0) {
      const trailers = /^(?:[^\r\n]+\r\n)*\r\n/.exec(rest);
      return {
        text,
        rest: trailers === null ? '' : rest.slice(trailers[0].length),
        complete: trailers !== null,
      };
    }
    text += rest.slice(0, length);
    if (rest.length < length + 2) return { text, rest: '', complete: false };
    rest = rest.slice(length + 2);
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function headerOf(rawHeaders: readonly string[], name: string): string | null {
  const values = rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase(),
  );
  return values.length === 0 ? null : values.join(', ');
}

/** Lengths count octets, so the bytes were read as latin1; the text in a body is UTF-8. */
const decode = (octets: string): string => Buffer.from(octets, 'latin1').toString();

import { emptyLineBytes, findEmptyLine, inValues, parseFields, readDigits } from '../upstream/field-lines.ts';
import { notableAmong } from '../upstream/raw-headers.ts';

/** The head of a plain request. */
export interface PlainHead {
  readonly method: string;
  /** The request target, as it came. */
  readonly url: string;
  readonly httpVersion: '1.1';
  /** Names and values in turn, in order, duplicates kept. */
  readonly rawHeaders: string[];
  /** Bytes of the body; 0 where there is none. */
  readonly bodyBytes: number;
  /** Whether the client means to go on with the connection. */
  readonly keepsAlive: boolean;
  /** Bytes of the head, its empty line included. */
  readonly bytes: number;
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

/**
 * Reads the head of a request that has nothing in it that could be read in two ways, whole at the beginning of what came.
 * What it takes, llhttp takes in the same way; it takes much less.
 *
 * @param maxBytes beyond which no head is taken
 * @returns undefined for anything else: incomplete, rare, or wrong
 */
export function readPlainHead(received: Buffer, maxBytes: number): PlainHead | undefined {
  const end = findEmptyLine(received, 0);
  if (end < 0 || end > maxBytes) return undefined;
  const text = received.toString('latin1', 0, end);
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
  const { bodyBytes, keepsAlive } = framing;
  return { method, url, httpVersion: '1.1', rawHeaders, bodyBytes, keepsAlive, bytes: end + emptyLineBytes };
}

/** @returns undefined where the framing, the connection or the Host is anything but ordinary */
function readFraming(headers: readonly string[]): Pick<PlainHead, 'bodyBytes' | 'keepsAlive'> | undefined {
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
  return { bodyBytes: bodyBytes ?? 0, keepsAlive };
}

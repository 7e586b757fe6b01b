import type { Socket } from 'node:net';
import { hasHeader, renderFields } from '../upstream/raw-headers.ts';
import { writeFramed } from '../upstream/write-framed.ts';
import type { ClientResponse } from './message.ts';

const noBytes = Buffer.alloc(0);

/** The response to a plain request, written byte by byte as `ServerResponse` writes it. */
export class PlainResponse implements ClientResponse {
  readonly #socket: Socket;
  readonly #isHead: boolean;
  readonly #keepAlive: string;
  /** What is to go out before the next bytes of the body. */
  #head = '';
  #trailers = '';
  #isChunked = false;
  #hasBody = true;
  /** Whether the connection goes on after it. */
  shouldKeepAlive: boolean;
  statusCode = 200;
  headersSent = false;
  writableEnded = false;

  /** @param keepAlive the header lines of a response after which the connection goes on */
  constructor(
    socket: Socket,
    request: { readonly method: string; readonly keepsAlive: boolean },
    keepAlive: string,
  ) {
    this.#socket = socket;
    this.#isHead = request.method === 'HEAD';
    this.#keepAlive = keepAlive;
    this.shouldKeepAlive = request.keepsAlive;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  get writableFinished(): boolean {
    return this.writableEnded && this.#socket.writableLength === 0;
  }

  writeEarlyHints({ link }: { readonly link: string[] }): void {
    if (link.length > 0)
      this.#socket.write(`HTTP/1.1 103 Early Hints\r\nLink: ${link.join(', ')}\r\n\r\n`, 'latin1');
  }

  writeHead(status: number, phrase: string, headers: string[]): void {
    this.writeLines(status, phrase, renderFields(headers), hasHeader(headers, 'content-length'));
  }

  writeLines(status: number, phrase: string, lines: string, hasLength = true): void {
    this.headersSent = true;
    this.statusCode = status;
    this.#hasBody = !this.#isHead && status !== 204 && status !== 304;
    this.#isChunked = this.#hasBody && !hasLength;
    const connection = this.shouldKeepAlive ? this.#keepAlive : 'Connection: close\r\n';
    const behind = this.#isChunked ? 'Transfer-Encoding: chunked\r\n\r\n' : '\r\n';
    this.#head = 'HTTP/1.1 ' + String(status) + ' ' + phrase + '\r\n' + lines + connection + behind;
  }

  write(bytes: Buffer | ''): boolean {
    return this.#send(bytes === '' ? noBytes : bytes, '');
  }

  addTrailers(trailers: [name: string, value: string][]): void {
    for (const [name, value] of trailers) this.#trailers += `${name}: ${value}\r\n`;
  }

  end(bytes = noBytes): void {
    this.writableEnded = true;
    this.#send(bytes, this.#isChunked ? `0\r\n${this.#trailers}\r\n` : '');
    if (!this.shouldKeepAlive) this.#socket.destroySoon();
  }

  once(event: 'drain', listener: () => void): void {
    this.#socket.once(event, listener);
  }

  #send(data: Buffer, tail: string): boolean {
    const body = this.#hasBody ? data : noBytes;
    const isChunk = this.#isChunked && body.length > 0;
    const before = isChunk ? `${this.#head}${body.length.toString(16)}\r\n` : this.#head;
    const behind = isChunk ? `\r\n${tail}` : tail;
    this.#head = '';
    return writeFramed(this.#socket, before, body, behind);
  }
}

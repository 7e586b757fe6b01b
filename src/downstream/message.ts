import type { HeadForm } from '../upstream/head-form.ts';
import type { RawHeaders } from '../upstream/raw-headers.ts';

/** What a client asks: a plain request, or one that node:http read. */
export interface ClientRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: RawHeaders;
  /** As it came in a plain request; empty where there is none. */
  readonly contentLength?: string;
  /** The same for plain requests of a connection that differ in their Content-Length alone. */
  readonly form?: HeadForm | undefined;
}

/** What it gets: a `PlainResponse`, or node:http's `ServerResponse`, of which this is what we use. */
export interface ClientResponse {
  /** Whether the connection goes on after it. */
  shouldKeepAlive: boolean;
  readonly statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  /** Whether all of it is with the kernel. */
  readonly writableFinished: boolean;
  /** Whether the connection has gone. */
  readonly destroyed: boolean;
  /** An interim response, of which only the links are passed on (RFC 8297). @throws for links that are none */
  writeEarlyHints(hints: { readonly link: string[] }): void;
  /** The head, which goes out with what is written next. @param headers of which none is hop-by-hop */
  writeHead(status: number, phrase: string, headers: string[]): void;
  /** As `writeHead`, with header lines as they are written, a Content-Length among them. Node:http has no such method. */
  writeLines?(status: number, phrase: string, lines: string): void;
  /** @param bytes may be none: then the head goes alone @returns whether it takes more at once */
  write(bytes: Buffer | '', encoding: 'latin1'): boolean;
  /** What follows the last chunk; nothing where the body does not come in chunks. */
  addTrailers(trailers: [name: string, value: string][]): void;
  end(bytes?: Buffer): void;
  /** @param listener called when it takes more again */
  once(event: 'drain', listener: () => void): void;
}

/** Where the body of a request comes from. */
export interface BodySource {
  /** Whether all of it has come. */
  readonly isComplete: boolean;
  /** Whether all of it was taken. */
  readonly isOver: boolean;
  /** Whether the connection ended before it was whole. */
  readonly isLost: boolean;
  /** Bytes that have come and were not taken. */
  readonly readableLength: number;
  /** What waits first; null where nothing does. */
  read(): Buffer | null;
  /** @param listener called when there is more, and when there will be no more; in place of the one before */
  listen(listener: (() => void) | undefined): void;
  /** Reads and drops what is left of it. */
  discard(): void;
}

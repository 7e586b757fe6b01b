import type { ServerResponse } from 'node:http';
import type { StatusDocument } from '../status/status-document.ts';

/** Whoever looks at a page sees a change within this time. */
const tickMs = 1_000;
/** A connection on which nothing is sent for long is cut by boxes on the way, and a reader that is gone stays unnoticed. */
const keepAliveMs = 15_000;
/** Who has not taken what was sent for so long holds memory, and the place of another reader. */
const patienceMs = 60_000;
/** The share of time that is spent on readers at most: with very many servers they see changes later. */
const maxShare = 0.05;
/** Enough for the people of a machine; a script that opens streams without end gets no further. */
const maxReaders = 20;

/** What was last sent to a reader, and when on the monotonic clock. */
interface Sent {
  readonly text: string;
  readonly atMs: number;
}

/** Sends the status to whoever reads it live, as server-sent events, each time it has changed. */
export class LiveStatus {
  readonly #describe: () => StatusDocument;
  readonly #readers = new Map<ServerResponse, Sent>();
  readonly #patienceMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param patience how long a reader may read nothing, in milliseconds */
  constructor(describe: () => StatusDocument, patience = patienceMs) {
    this.#describe = describe;
    this.#patienceMs = patience;
  }

  /** @returns false where there are too many readers already */
  add(response: ServerResponse): boolean {
    if (this.#readers.size >= maxReaders) return false;
    response.once('close', () => this.#readers.delete(response));
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    this.#send(response, JSON.stringify(this.#describe()));
    if (this.#timer === undefined) this.#schedule(tickMs);
    return true;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #schedule(waitMs: number): void {
    this.#timer = setTimeout(() => this.#tick(), waitMs).unref();
  }

  #tick(): void {
    this.#timer = undefined;
    if (this.#readers.size === 0) return;
    const startedMs = performance.now();
    try {
      this.#tell(startedMs);
    } finally {
      // A bug costs one look, not the life of every page that is open.
      this.#schedule(Math.max(tickMs, (performance.now() - startedMs) / maxShare));
    }
  }

  #tell(startedMs: number): void {
    const text = JSON.stringify(this.#describe());
    for (const [reader, sent] of this.#readers) {
      // Who has not read the last one yet is not sent more: each tells everything.
      if (reader.writableNeedDrain) {
        if (startedMs - sent.atMs > this.#patienceMs) reader.destroy();
      } else if (sent.text !== text) this.#send(reader, text);
      else if (startedMs - sent.atMs > keepAliveMs) {
        reader.write(': nothing new\n\n');
        this.#readers.set(reader, { text, atMs: startedMs });
      }
    }
  }

  #send(reader: ServerResponse, text: string): void {
    reader.write(`data: ${text}\n\n`);
    this.#readers.set(reader, { text, atMs: performance.now() });
  }
}

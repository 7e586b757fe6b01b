import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request as node:http hands it out. */
export interface HandedOut {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly keepsAlive: boolean;
  /** In Latin-1. */
  readonly body: string;
  /** Whether the body has come whole. */
  readonly complete: boolean;
}

/** A connection of which the test is the other end. */
class Wire extends Duplex {
  override _read(): void {
    // All there is has been pushed.
  }

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

/** To be looked at once the bodies have come. */
const handedOut = new WeakMap<Duplex, (() => HandedOut)[]>();
const options = { insecureHTTPParser: false, maxHeaderSize: 1_000_000, requireHostHeader: false };
const server = createServer(options);
server.maxHeadersCount = 0;
const take = (request: IncomingMessage, { shouldKeepAlive }: ServerResponse): void => {
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk)).on('error', () => undefined);
  const { method, url, httpVersion, rawHeaders } = request;
  handedOut.get(request.socket)?.push(() => ({
    ...{ method, url, httpVersion, rawHeaders },
    keepsAlive: shouldKeepAlive,
    body: Buffer.concat(body).toString('latin1'),
    complete: request.complete,
  }));
};
server.on('request', take).on('clientError', (_, socket) => socket.destroy());

/** What the server of node:http, which is llhttp in strict mode, reads of what a client says: the oracle. */
export async function requestsByLlhttp(bytes: Buffer): Promise<HandedOut[]> {
  const wire = new Wire();
  const seen: (() => HandedOut)[] = [];
  handedOut.set(wire, seen);
  wire.on('error', () => undefined);
  server.emit('connection', wire);
  wire.emit('data', bytes);
  await new Promise((resolve) => setImmediate(resolve));
  const requests = seen.map((see) => see());
  wire.destroy();
  return requests;
}

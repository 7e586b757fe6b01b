import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage, type InformationEvent } from 'node:http';
import { Duplex } from 'node:stream';
import type { Reading } from './read-by-us.ts';

/** A connection of which the test is the other end: what it says has been read when `say` returns. */
class Wire extends Duplex {
  override _read(): void {
    // All there is has been pushed.
  }

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }

  say(chunk: Buffer): void {
    if (chunk.length > 0 && !this.destroyed) this.emit('data', chunk);
  }

  /** Says FIN. */
  finish(): void {
    if (!this.destroyed) this.emit('end');
  }
}

/** One agent for all: that of `request` without one costs more than the parser does. */
class WireAgent extends Agent {
  override createConnection(): Duplex {
    return new Wire();
  }
}
const agent = new WireAgent({ keepAlive: false, maxSockets: Infinity });

/**
 * Reads a response by the client of node:http, which is llhttp in strict mode: the oracle.
 *
 * @param chunks as reads of a connection bring them, which then ends
 */
export async function readByLlhttp(chunks: readonly Buffer[], method: string): Promise<Reading> {
  const outgoing = request({
    agent,
    method,
    host: 'oracle.test',
    insecureHTTPParser: false,
    maxHeaderSize: 1_000_000,
  });
  outgoing.maxHeadersCount = 0;
  const heard = listenTo(outgoing);
  outgoing.end();
  const [wire] = (await once(outgoing, 'socket')) as [Wire];
  // node:http takes the socket a tick after it has told of it.
  await new Promise((resolve) => process.nextTick(resolve));
  let bytes = 0;
  let end: number | undefined;
  for (const chunk of chunks) {
    wire.say(chunk);
    bytes += chunk.length;
    if (heard.isOver()) end ??= bytes;
    if (end !== undefined || heard.error !== undefined) break;
  }
  const isSwitched = heard.isSwitched;
  if (end === undefined) wire.finish();
  const { error, response } = heard;
  // An error behind a response that is whole is of what follows it.
  const isWhole = response?.complete === true;
  outgoing.destroy();
  wire.destroy();
  return {
    outcome: isSwitched ? 'switched' : isWhole ? 'whole' : isRefusal(error) ? 'refused' : 'incomplete',
    refusal: error?.message,
    heads: heard.heads,
    body: Buffer.concat(heard.body).toString('latin1'),
    trailers: response?.rawTrailers ?? [],
    end: end === undefined ? undefined : end - heard.rest,
  };
}

interface Heard {
  readonly heads: string[][];
  readonly body: Buffer[];
  response: IncomingMessage | undefined;
  error: NodeJS.ErrnoException | undefined;
  isSwitched: boolean;
  /** Bytes behind a 101 that came with it. */
  rest: number;
  readonly isOver: () => boolean;
}

function listenTo(outgoing: ClientRequest): Heard {
  const heard: Heard = {
    heads: [],
    body: [],
    response: undefined,
    error: undefined,
    isSwitched: false,
    rest: 0,
    isOver: () => heard.isSwitched || heard.response?.complete === true,
  };
  const take = ({
    statusCode = 0,
    statusMessage = '',
    rawHeaders,
  }: Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'rawHeaders'>) =>
    heard.heads.push([String(statusCode), statusMessage, ...rawHeaders]);
  outgoing
    .on('information', (head: InformationEvent) => take(head as unknown as IncomingMessage))
    .on('response', (response) => {
      heard.response = response;
      take(response);
      response.on('error', () => undefined);
      // At once: what an error overtakes would not be told as data.
      response.push = (chunk: Buffer | null) => chunk !== null && heard.body.push(chunk) > 0;
    })
    .on('upgrade', (response, _, rest) => {
      heard.isSwitched = true;
      heard.rest = rest.length;
      take(response);
    })
    .on('error', (error) => (heard.error ??= error));
  return heard;
}

function isRefusal(error: NodeJS.ErrnoException | undefined): boolean {
  return error?.code?.startsWith('HPE_') === true && error.code !== 'HPE_INVALID_EOF_STATE';
}

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { PlainConnection } from '../downstream/plain-connection.ts';
import { Failure } from '../failure.ts';
import { InOrder } from './in-order.ts';
import type { Precedent } from './precedent.ts';
import type { Member } from './roster.ts';
import type { Inside } from './route.ts';
import type { RequestVisit } from './visit.ts';

/** One connection of a client, or the TLS that ends in one: what is known of it, and the order of its requests. */
export class Downstream implements Member {
  place = 0;
  readonly socket: Socket;
  /** Whether its client is on this machine. */
  readonly isLoopback: boolean;
  readonly order: InOrder;
  /** The CONNECT that its requests come out of. */
  inside: Inside | undefined;
  /** It is one too many, and gets that for an answer. */
  isExcess = false;
  /** Its bytes were refused: of what still comes over TLS the parser complains again. */
  isRefused = false;
  /** It authenticated itself by NTLM or Negotiate: it shares no upstream connection. */
  isBound = false;
  /** Who reads it; undefined once node:http does. */
  plain: PlainConnection | undefined;
  /** The last of its requests that was relayed, by which those of the same form go. */
  precedent: Precedent | undefined;
  /** How long the bytes that node:http reads now had waited for the responses before them. */
  waitedMs = 0;
  /** Whose body it is that node:http reads. */
  latest: RequestVisit | undefined;
  /** The response to it. */
  latestResponse: ServerResponse | undefined;
  /** Whose turn it is: it ends with the connection. Not one with a 101, whose two ends are watched together. */
  current: RequestVisit | undefined;

  /**
   * @param isLoopback see {@link Downstream.isLoopback}
   * @param onBug see {@link InOrder}
   */
  constructor(socket: Socket, isLoopback: boolean, onBug: (error: unknown) => void) {
    this.socket = socket;
    this.isLoopback = isLoopback;
    this.order = new InOrder(socket, onBug);
    socket.once('close', () => {
      if (this.current?.response.writableFinished === false)
        this.current.end(new Failure('downstream_aborted', 'response'));
    });
  }
}

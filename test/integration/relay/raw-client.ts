import type { Socket } from 'node:net';
import { poll } from '../../harness/poll.ts';
import type { RouteConnection } from '../../harness/routes.ts';

/** A client of which a test decides every byte and when it is sent. */
export interface RawClient {
  readonly socket: Socket;
  /** All that came so far, as latin1. */
  readonly received: string;
  /** The peer ended the connection, by FIN or reset. */
  readonly ended: boolean;
  /** The error that ended it: ECONNRESET where it was reset. */
  readonly error: string | undefined;
  readonly write: (text: string) => void;
  /** Leaves by FIN. */
  readonly leave: () => void;
  /** Leaves by RST. */
  readonly reset: () => void;
  /** Waits until something has come. */
  readonly until: (text: string | RegExp) => Promise<void>;
  readonly untilEnded: () => Promise<void>;
}

/** Takes up a connection of a route. */
export function rawClient({ socket, tcp }: RouteConnection): RawClient {
  let received = '';
  let ended = false;
  let error: string | undefined;
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => (error = code));
  socket.on('end', () => (ended = true)).on('close', () => (ended = true));
  const has = (what: string | RegExp) =>
    typeof what === 'string' ? received.includes(what) : what.test(received);
  return {
    socket,
    get received() {
      return received;
    },
    get ended() {
      return ended;
    },
    get error() {
      return error;
    },
    write: (text) => void socket.write(text, 'latin1'),
    leave: () => socket.destroy(),
    reset: () => void tcp.resetAndDestroy(),
    until: async (what) => {
      await poll(() => has(what), {
        what: `${String(what)} in ${JSON.stringify(received.slice(-300))}`,
        everyMs: 2,
      });
    },
    untilEnded: async () => {
      await poll(() => ended, { what: 'the end of the connection', everyMs: 2 });
    },
  };
}

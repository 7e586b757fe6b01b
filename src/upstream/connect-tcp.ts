import { connect, type Socket } from 'node:net';
import type { Address } from './resolve.ts';

/** RFC 8305 section 5: how long an attempt has before the next address is tried beside it. */
const attemptDelayMs = 250;

/** Finds dead peers of silent streams: first probe after this long without traffic. */
const keepAliveDelayMs = 30_000;

/**
 * Connects to the first address that answers, trying them in turn and side by side (RFC 8305). Node's own
 * `autoSelectFamily` gives up on an attempt after 250 ms, which a slow path with two addresses never survives.
 *
 * @throws the error of the first address where all of them fail, or the reason of the signal
 */
export function connectTcp(
  addresses: readonly Address[],
  options: {
    readonly port: number;
    readonly signal: AbortSignal;
    /** For blind tunnels, whose peers may end one direction before the other. */
    readonly allowHalfOpen?: boolean;
  },
): Promise<Socket> {
  const { port, signal, allowHalfOpen = false } = options;
  return new Promise((resolve, reject) => {
    const attempts = new Set<Socket>();
    let next = 0;
    let firstError: Error | undefined;
    let timer: NodeJS.Timeout | undefined;

    const finish = (settle: () => void, winner?: Socket) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of attempts) if (socket !== winner) socket.destroy();
      settle();
    };
    const onAbort = () => finish(() => reject(signal.reason as Error));
    const attempt = () => {
      clearTimeout(timer);
      const address = addresses[next++];
      if (address === undefined) return;
      const { address: host, family } = address;
      const socket = connect({ host, port, family, noDelay: true, allowHalfOpen });
      attempts.add(socket);
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        socket.setKeepAlive(true, keepAliveDelayMs);
        finish(() => resolve(socket), socket);
      });
      socket.once('error', (error: Error) => {
        attempts.delete(socket);
        firstError ??= error;
        if (attempts.size === 0 && next >= addresses.length) finish(() => reject(firstError ?? error));
        else if (next < addresses.length) attempt();
      });
      if (next < addresses.length) timer = setTimeout(attempt, attemptDelayMs);
    };

    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else attempt();
  });
}

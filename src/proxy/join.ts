import type { Socket } from 'node:net';
import { Failure } from '../failure.ts';
import type { Carried } from './carried.ts';

/**
 * Relays bytes both ways, unseen, until both ends are done. Each direction ends by itself (half-close); what one
 * side's buffer does not take, the other side is not read for. An end that breaks ends the other by a reset.
 *
 * @param how the signal is aborted with the {@link Failure} that ends it; what passes is counted in `carried`
 * @returns what went wrong; undefined where both sides ended in their own time
 */
export function joinSockets(
  client: Socket,
  upstream: Socket,
  { signal, carried }: { readonly signal: AbortSignal; readonly carried: Carried },
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    let failure: Failure | undefined;
    let open = 2;
    const breakBoth = (because: Failure) => {
      failure ??= because;
      cut(client);
      cut(upstream);
    };
    const onAbort = () => breakBoth(signal.reason as Failure);
    const watch = (socket: Socket, lost: (cause?: unknown) => Failure) => {
      socket.on('error', (error) => breakBoth(lost(error)));
      const onClose = () => {
        if (!socket.readableEnded || !socket.writableFinished) breakBoth(lost());
        if (--open > 0) return;
        signal.removeEventListener('abort', onAbort);
        resolve(failure);
      };
      if (socket.closed) onClose();
      else socket.once('close', onClose);
    };
    client.on('data', (chunk: Buffer) => (carried.requestBytes += chunk.length));
    upstream.on('data', (chunk: Buffer) => (carried.responseBytes += chunk.length));
    client.pipe(upstream);
    upstream.pipe(client);
    watch(client, (cause) => new Failure('downstream_aborted', 'response', cause));
    watch(upstream, (cause) => new Failure('connection_lost', 'response', cause));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/** By a reset where that can be had: an end in good order would look like all there is. */
function cut(socket: Socket): void {
  if (socket.destroyed) return;
  // TLS has no reset, but without its close_notify an end is visible too.
  if ('encrypted' in socket) socket.destroy();
  // Amid a shutdown libuv refuses the reset (EINVAL), and Node then never closes the socket: it would be lost.
  else if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0)
    socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}

import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { Failure, type FailureWords } from '../failure.ts';
import { Cancellation } from './cancellation.ts';

/** INTERFACE section 4: how long a slow sender has for its TLS hello, which is all of its handshake. */
const helloMs = 5_000;

/** What a client speaks inside a CONNECT: the connection to go on with, or why there is none. */
export type Opened = { readonly socket: Socket; readonly secure: boolean } | Failure;

/**
 * Finds out whether a client speaks TLS or plaintext HTTP inside a CONNECT that was granted, and shakes hands.
 *
 * @param leaf the TLS context to answer with, asked for only where TLS is spoken
 */
export async function openInside(socket: Socket, leaf: () => SecureContext | Failure): Promise<Opened> {
  const late = new Failure('downstream_tls_failed', 'handshake', undefined, silent);
  // Not an AbortSignal, which takes a connection more than the parsing of its CONNECT.
  const deadline = new Cancellation();
  const timer = setTimeout(() => deadline.cancel(late), helloMs).unref();
  try {
    return await open(socket, leaf, deadline);
  } finally {
    clearTimeout(timer);
  }
}

async function open(
  socket: Socket,
  leaf: () => SecureContext | Failure,
  deadline: Cancellation,
): Promise<Opened> {
  const first = await peek(socket, deadline);
  if (first instanceof Failure) return first;
  if (first === tlsHandshake) {
    const context = leaf();
    return context instanceof Failure ? context : shakeHands(socket, context, deadline);
  }
  // Every method of HTTP begins with a letter; a hello of SSL 2 or an SSH banner is left to the parser, which refuses it.
  if (isLetter(first)) return { socket, secure: false };
  return new Failure('request_malformed', 'request', undefined, neither);
}

/** Content type of a TLS record that carries a hello (RFC 8446 section 5.1). */
const tlsHandshake = 0x16;

const neither: FailureWords = {
  sentence: 'what the client sends inside the CONNECT is neither TLS nor HTTP',
  hint: 'name the host as tunnel in mcp_tls_sidecar.hosts if another protocol is spoken with it',
};
const silent: FailureWords = {
  sentence: `the client did not begin within ${helloMs / 1000} s what it opened the CONNECT for`,
  hint: 'look at the client: it opens connections that it does not use, or its TLS handshake hangs',
};

function isLetter(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}

/** The first byte that comes, left where it is. */
function peek(socket: Socket, deadline: Cancellation): Promise<number | Failure> {
  return new Promise((resolve) => {
    const settle = (result: number | Failure) => {
      socket.off('readable', onReadable).off('end', onGone).off('close', onGone);
      deadline.listen(undefined);
      resolve(result);
    };
    const onReadable = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      socket.unshift(chunk);
      settle(chunk[0] ?? 0);
    };
    const onGone = () => settle(new Failure('downstream_aborted', 'handshake'));
    socket.on('readable', onReadable).once('end', onGone).once('close', onGone);
    deadline.listen(settle);
    if (socket.destroyed) onGone();
  });
}

/** The server's side of a TLS handshake on a connected socket. */
function shakeHands(socket: Socket, context: SecureContext, deadline: Cancellation): Promise<Opened> {
  return new Promise((resolve) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: ['http/1.1'],
    });
    let cause: Error | undefined;
    const onError = (error: Error) => (cause ??= error);
    const onLate = () => {
      cause = new Error('the deadline of the handshake is over');
      secure.destroy();
    };
    // Half-open connections stay open by themselves, and amid a handshake an end is all that comes of it.
    const onEnd = () => void secure.destroy();
    const settle = (result: Opened) => {
      secure.off('end', onEnd);
      deadline.listen(undefined);
      resolve(result);
    };
    // `secure` and `_tlsError` are what tls.Server itself goes by; it has no way to choose a context without SNI.
    secure.on('error', onError).on('_tlsError', onError);
    secure
      .once('end', onEnd)
      .once('close', () => settle(new Failure('downstream_tls_failed', 'handshake', cause)));
    secure.once('secure', () => settle({ socket: secure, secure: true }));
    deadline.listen(onLate);
  });
}

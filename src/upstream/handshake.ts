import { isIP, type Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import type { FailureReason } from '../failure.ts';
import type { Policy } from '../policy/policy.ts';
import { isCertificateFor } from '../trust/verify-identity.ts';
import { classifyVerdict } from './classify.ts';
import { judgePeer } from './judge-peer.ts';
import { certificatesOf, noteCertificates, presentedBy, type Presented } from './peer-chain.ts';

/** What a handshake is made with. */
export interface HandshakeOptions {
  readonly socket: Socket;
  readonly policy: Policy;
  /** Host of the authority: SNI and verified identity, unless the policy has a name of its own. */
  readonly host: string;
  /** A session of the same policy and authority. */
  readonly session?: Buffer | undefined;
  readonly onSession?: ((session: Buffer, socket: TLSSocket) => void) | undefined;
  readonly signal: AbortSignal;
  /** Told what the server presented where that is refused. */
  readonly onRefused?: ((presented: Presented) => void) | undefined;
}

/** The error of a certificate for another name, in Node's terms. */
class NameMismatchError extends Error {
  readonly code = 'ERR_TLS_CERT_ALTNAME_INVALID';
}

/**
 * TLS over a connected socket, HTTP/1.1 by ALPN, judged by all that the policy asks for.
 *
 * @throws OpenSSL's or Node's error, a verdict of ours, or the reason of the signal
 */
export async function handshake(options: HandshakeOptions): Promise<TLSSocket> {
  const { policy } = options;
  const socket = await shakeHands(options);
  try {
    // Belt and braces: Node has already ended a connection whose chain does not hold.
    if (policy.verify && !socket.authorized) throw socket.authorizationError;
    const verdict = judgePeer(socket, policy);
    if (verdict === undefined) return socket;
    options.onRefused?.(presentedBy(socket));
    throw verdict;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function shakeHands(options: HandshakeOptions): Promise<TLSSocket> {
  const { policy, signal, session } = options;
  const name = policy.serverName ?? options.host;
  return new Promise((resolve, reject) => {
    const socket = connect({
      socket: options.socket,
      secureContext: policy.context,
      // RFC 6066 section 3: no IP literals in SNI. Node's own fallback would be the name `localhost`.
      servername: isIP(name) === 0 ? name : '',
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: policy.verify,
      checkServerIdentity: (_, peer) => {
        const presented = certificatesOf(peer as DetailedPeerCertificate);
        // Of two issuers that were sent it has one only, which may not be the one that OpenSSL took.
        if (!policy.strict) noteCertificates(socket, peer as DetailedPeerCertificate, presented);
        const [leaf] = presented;
        if (leaf !== undefined && isCertificateFor(leaf, name)) return undefined;
        options.onRefused?.(presented);
        return new NameMismatchError('the certificate is not for this host name');
      },
      ...(session === undefined ? {} : { session }),
    });
    const onAbort = () => socket.destroy(signal.reason as Error);
    const onError = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    };
    socket.on('session', (fresh) => options.onSession?.(fresh, socket));
    socket.once('error', onError);
    // Before Node's own listener: it ends a connection whose chain does not hold, and with it goes the chain.
    socket.prependOnceListener('secure', () => {
      if (policy.verify && isRefused(socket)) options.onRefused?.(presentedBy(socket));
    });
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
      resolve(socket);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

/**
 * OpenSSL's verdict, for evidence alone: neither the event `secure` nor this method of the handle is documented, and
 * where they are gone nothing is lost but what a refused server presented.
 */
function isRefused(socket: TLSSocket): boolean {
  const { ssl } = socket as unknown as { ssl?: { verifyError?: () => unknown } | null };
  return Boolean(ssl?.verifyError?.());
}

/** What `ssl_verify: false` hid: the reason for which a full handshake would have been refused, or `none`. */
export function hiddenVerdict(socket: TLSSocket): FailureReason | 'none' {
  if (socket.authorized) return 'none';
  // Typed as Error, but a string: the code of the verdict (lib/internal/tls/wrap.js, onConnectSecure).
  return classifyVerdict(String(socket.authorizationError));
}

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { cleanUp } from './clean-up.ts';
import { parseResponses, type RawResponse } from './parse-responses.ts';
import { trustInCa } from './published-ca.ts';

export interface Tunnel {
  /** The answer to the CONNECT; with its body where it is not a 200. */
  readonly response: RawResponse;
  /** After a 200: the other side of the tunnel. */
  readonly socket: Socket;
}

/** A TCP connection to a `host:port` that is cut after the test. */
export function connectTo(place: string): Socket {
  const { hostname: host, port } = new URL(`tcp://${place}`);
  const socket = connectTcp({ host: unbracket(host), port: Number(port), noDelay: true });
  cleanUp(() => socket.destroy());
  // What a cut connection means is for the test to judge; it sees `close`.
  socket.on('error', () => undefined);
  return socket;
}

/**
 * Sends a CONNECT as a client behind `HTTPS_PROXY` does, byte by byte under the test's control.
 *
 * @param proxy `host:port`
 * @param target the request target, as it is
 */
export async function openTunnel(
  proxy: string,
  target: string,
  headers = `Host: ${target}\r\n`,
): Promise<Tunnel> {
  const socket = connectTo(proxy);
  socket.write(`CONNECT ${target} HTTP/1.1\r\n${headers}\r\n`);
  const response = await readAnswer(socket);
  return { response, socket };
}

/** TLS inside a tunnel; rejects where the handshake fails. */
export async function startTlsInside(tunnel: Tunnel, tls: ConnectionOptions): Promise<TLSSocket> {
  const secure = connectTls({ ...tls, socket: tunnel.socket });
  cleanUp(() => secure.destroy());
  await once(secure, 'secureConnect');
  secure.on('error', () => undefined);
  return secure;
}

/** TLS inside a tunnel as a client speaks it that trusts the sidecar's CA, and verifies that the server is this host. */
export function startTrustingTls(proxy: string, tunnel: Tunnel, host: string): Promise<TLSSocket> {
  // With a socket of its own Node looks at `host` for nothing but the name in the certificate. No literals in SNI.
  const identity = isIP(unbracket(host)) === 0 ? { servername: host } : { host: unbracket(host) };
  return startTlsInside(tunnel, { secureContext: trustInCa(proxy), ...identity });
}

const unbracket = (host: string): string => host.replace(/^\[|\]$/g, '');

async function readAnswer(socket: Socket): Promise<RawResponse> {
  let bytes = '';
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    bytes += chunk?.toString('latin1') ?? '';
    const head = /^[^]*?\r\n\r\n/.exec(bytes)?.[0];
    const isTunnel = /^HTTP\/1\.1 2/.test(bytes);
    const [response] = head === undefined ? [] : parseResponses(isTunnel ? head : bytes);
    if (response !== undefined && (isTunnel || response.complete)) {
      if (head !== undefined && isTunnel) socket.unshift(Buffer.from(bytes.slice(head.length), 'latin1'));
      return response;
    }
    if (socket.readableEnded || socket.destroyed)
      throw new Error(`no answer to the CONNECT: ${JSON.stringify(bytes)}`);
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}

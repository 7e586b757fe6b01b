import type { Socket } from 'node:net';
import { formatAuthority, type Authority } from '../authority.ts';
import { Failure, type FailureWords } from '../failure.ts';
import { emptyLineBytes, findEmptyLine } from './field-lines.ts';

/** A proxy's answer to a CONNECT is a head and nothing else: beyond this it is none. */
const maxHeadBytes = 65_536;

/** What a tunnel through the upstream proxy is opened with. */
export interface ProxyTunnelOptions {
  readonly authority: Authority;
  readonly authorization: string | undefined;
  /** Pseudonym of this process: a loop through the proxy is refused when it comes back. */
  readonly via: string;
  readonly signal: AbortSignal;
}

/**
 * Asks the proxy at the other end of a socket for a tunnel (RFC 9110 section 9.3.6).
 *
 * @returns undefined where the tunnel stands, with whatever followed the answer still to be read; else why not
 * @throws the socket's error, or the reason of the signal
 */
export async function openProxyTunnel(
  socket: Socket,
  options: ProxyTunnelOptions,
): Promise<Failure | undefined> {
  const target = formatAuthority(options.authority);
  const login =
    options.authorization === undefined ? '' : `Proxy-Authorization: ${options.authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}Via: 1.1 ${options.via}\r\n\r\n`);
  let status = await readStatus(socket, options.signal);
  // Interim answers may come before the final one (RFC 9110 section 15.2); 101 was not asked for.
  while (status >= 100 && status < 200 && status !== 101) status = await readStatus(socket, options.signal);
  return status >= 200 && status < 300 ? undefined : refusedByProxy(status);
}

async function readStatus(socket: Socket, signal: AbortSignal): Promise<number> {
  const head = await readHead(socket, signal);
  return Number(/^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head)?.[1] ?? NaN);
}

/** Why a proxy does not serve us, by the status of its answer; NaN where it was none of HTTP. */
export function refusedByProxy(status: number): Failure {
  return new Failure('upstream_proxy_refused', 'connect', new Error(`status ${status}`), wordsOf(status));
}

function wordsOf(status: number): FailureWords {
  if (Number.isNaN(status))
    return {
      sentence: 'the upstream proxy does not answer as an HTTP proxy does',
      hint: 'check host, port and scheme of mcp_tls_sidecar.upstream_proxy',
    };
  // tinyproxy answers wrong credentials with 401.
  if (status === 407 || status === 401)
    return {
      sentence: `the upstream proxy wants a login (${status})`,
      hint: 'write user and password into mcp_tls_sidecar.upstream_proxy, http://user:password@host:port; only Basic is spoken',
    };
  if (status >= 500)
    return {
      sentence: `the upstream proxy cannot reach it (${status})`,
      hint: 'look at the log of the proxy; mcp_tls_sidecar.no_proxy names what is dialled directly',
    };
  return {
    sentence: `the upstream proxy refused to connect to it (${status})`,
    hint: "have the proxy's rules allow host and port, or name the host in mcp_tls_sidecar.no_proxy",
  };
}

/** Reads up to the empty line and no further; what ends before it or has none is returned as it is. */
function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    const settle = (end: () => void) => {
      socket.off('readable', onReadable).off('error', onError).off('end', onEnd).off('close', onEnd);
      signal.removeEventListener('abort', onAbort);
      end();
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onAbort = () => settle(() => reject(signal.reason as Error));
    const onEnd = () => settle(() => resolve(''));
    const onReadable = () => {
      for (let chunk = take(socket); chunk !== null; chunk = take(socket)) {
        read = Buffer.concat([read, chunk]);
        const empty = findEmptyLine(read, 0);
        if (empty >= 0) {
          const end = empty + emptyLineBytes;
          const rest = read.subarray(end);
          if (rest.length > 0) socket.unshift(rest);
          settle(() => resolve(read.toString('latin1', 0, end)));
          return;
        }
        if (read.length > maxHeadBytes) {
          settle(() => resolve(''));
          return;
        }
      }
    };
    socket.on('readable', onReadable).on('error', onError).on('end', onEnd).on('close', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (socket.readableEnded || socket.destroyed) onEnd();
  });
}

function take(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}

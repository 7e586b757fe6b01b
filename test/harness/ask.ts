import { request, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { openTunnel, startTrustingTls } from './open-tunnel.ts';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Sent with the request, which is a POST then unless it says otherwise. */
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  /** The values of a header, joined; null if it is not there. */
  readonly header: (name: string) => string | null;
  readonly body: string;
  /** false: the connection ended before the body did. */
  readonly complete: boolean;
}

/**
 * Sends one request on a connection of its own. A target with `https://` goes through a CONNECT, as a client sends it
 * behind `HTTPS_PROXY` that trusts the sidecar's CA; any other exactly as it is given. A CONNECT that is refused is the
 * answer.
 *
 * @param proxy `host:port`
 * @throws where the connection ends without an answer, or the client does not believe who answers
 */
export async function ask(proxy: string, target: string, options: AskOptions = {}): Promise<Answer> {
  const outgoing = await startRequest(proxy, target, options);
  if (!('once' in outgoing)) return outgoing;
  return new Promise((resolve, reject) => {
    outgoing.once('error', reject).once('response', (response) => resolve(readAnswer(response)));
    outgoing.end(options.body);
  });
}

/**
 * As {@link ask}, for tests that write the body and read the response themselves.
 *
 * @throws where a CONNECT is refused
 */
export async function openRequest(
  proxy: string,
  target: string,
  options: Pick<RequestOptions, 'method' | 'headers'> = {},
): Promise<ClientRequest> {
  const outgoing = await startRequest(proxy, target, options as AskOptions);
  if (!('once' in outgoing)) throw new Error(`the CONNECT was answered with ${outgoing.status}`);
  return outgoing;
}

async function startRequest(
  proxy: string,
  target: string,
  options: AskOptions,
): Promise<ClientRequest | Answer> {
  const { body, method = body === undefined ? 'GET' : 'POST', headers = {} } = options;
  const { hostname, port } = new URL(`http://${proxy}`);
  const [, authority, path = ''] = /^https:\/\/([^/?]*)(.*)$/s.exec(target) ?? [];
  if (authority === undefined)
    return request({ host: hostname, port, path: target, method, headers, agent: false });

  const place = withPort(authority);
  const tunnel = await openTunnel(proxy, place);
  if (tunnel.response.status !== 200) return tunnel.response;
  const secure = await startTrustingTls(proxy, tunnel, place.replace(/:\d+$/, ''));
  return request({
    // Obeyed only where there is no agent, not even `false`.
    createConnection: () => secure,
    path,
    method,
    headers: { Host: authority, ...headers },
  });
}

/** An authority as a CONNECT names it, which always has a port. */
export function withPort(authority: string): string {
  return /:\d+$/.test(authority) ? authority : `${authority}:443`;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A body that breaks off is an answer too: `complete` tells it.
  response.on('error', () => undefined);
  await new Promise<void>((resolve) => response.once('close', () => resolve()));
  const { statusCode = 0, rawHeaders, complete } = response;
  const header = (name: string) => {
    const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
    return values.length === 0 ? null : values.join(', ');
  };
  return { status: statusCode, rawHeaders, header, body: Buffer.concat(chunks).toString(), complete };
}

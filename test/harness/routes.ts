import { request, type IncomingMessage } from 'node:http';

/** A server as a client may name it. */
export interface Named {
  /** Its entry. */
  readonly server: string;
  /** Host and port of its url. */
  readonly authority: string;
}

/** A way by which a client reaches a server through the sidecar. */
export interface RouteUnderTest {
  readonly name: 'base URL' | 'absolute form';
  /** The request target of a path at a server. */
  readonly target: (named: Named, path: string) => string;
}

/** What every failure and every odd input is tried on. */
export const routes: readonly RouteUnderTest[] = [
  { name: 'base URL', target: ({ server }, path) => `/${server}${path}` },
  { name: 'absolute form', target: ({ authority }, path) => `http://${authority}${path}` },
];

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
 * Sends one request on a connection of its own, the target exactly as it is given.
 *
 * @param proxy `host:port`
 * @throws where the connection ends without an answer
 */
export function ask(proxy: string, target: string, options: AskOptions = {}): Promise<Answer> {
  const { hostname, port } = new URL(`http://${proxy}`);
  const { body, method = body === undefined ? 'GET' : 'POST', headers = {} } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: hostname, port, path: target, method, headers, agent: false });
    outgoing.once('error', reject).once('response', (response) => resolve(readAnswer(response)));
    outgoing.end(body);
  });
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

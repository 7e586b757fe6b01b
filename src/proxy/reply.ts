import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientResponse } from '../downstream/message.ts';
import { unlisted } from '../policy/decide.ts';
import { describeFailure, failureTable, type Failure, type FailureReason } from '../failure.ts';

/** Code of our JSON-RPC errors, in the range that JSON-RPC 2.0 leaves to implementations. */
const jsonRpcCode = -32050;

/** `Proxy-Status` of a failure (RFC 9209), or undefined where there is no reply. */
export function proxyStatus(reason: FailureReason): string {
  return `mcp-tls-sidecar; error=${failureTable[reason].proxyStatus ?? 'proxy_internal_error'}; details="${reason}"`;
}

/**
 * The body of a failure reply: a JSON-RPC error where the request was a JSON-RPC request, else problem+json
 * (RFC 9457). Holds our own words only.
 *
 * @param requestBody as much of the request's body as there was; undefined where it is not known whole
 */
export function failureBody(
  failure: Failure,
  server: string,
  requestBody: Buffer | undefined,
): { contentType: string; text: string } {
  const { reason, phase, hint, status } = failure;
  const message = describeFailure(failure, server === unlisted ? undefined : server);
  const id = requestBody === undefined ? undefined : jsonRpcId(requestBody);
  if (id === undefined) {
    const problem = { title: message, status, detail: hint, reason, phase, server, hint };
    return { contentType: 'application/problem+json', text: JSON.stringify(problem) };
  }
  const error = { code: jsonRpcCode, message, data: { reason, phase, server, hint } };
  // The id goes back as it was written: a number beyond 2^53 would not survive being parsed.
  const text = `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
  return { contentType: 'application/json', text };
}

/** The id of a JSON-RPC request as its source text; undefined for batches, notifications, responses and anything else. */
function jsonRpcId(body: Buffer): string | undefined {
  // By the object whose member it is: params may have an id of their own.
  const sources = new Map<unknown, string | undefined>();
  try {
    const message: unknown = JSON.parse(
      body.toString('utf8'),
      function (this: unknown, key, value, context?: { source?: string }) {
        if (key === 'id') sources.set(this, context?.source);
        return value as unknown;
      },
    );
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
    const { jsonrpc, method, id } = message as Record<string, unknown>;
    if (jsonrpc !== '2.0' || typeof method !== 'string') return undefined;
    if (typeof id === 'string') return JSON.stringify(id);
    return typeof id === 'number' ? sources.get(message) : undefined;
  } catch {
    return undefined;
  }
}

/** Sends a failure reply, which must be the first that goes out. */
export function replyFailure(
  response: ClientResponse,
  options: { failure: Failure; server: string; id: string; requestBody: Buffer | undefined },
): number {
  const { failure, server, id, requestBody } = options;
  const { status } = failure;
  const { contentType, text } = failureBody(failure, server, requestBody);
  const headers = replyHeaders({ reason: failure.reason, id, contentType, text });
  response.writeHead(status, STATUS_CODES[status] ?? '', headers.flat());
  response.end(Buffer.from(text));
  return status;
}

/** Replies where there is no request object: to bytes that are no HTTP, to a CONNECT. Then the connection ends. */
export function replyOnSocket(
  socket: Duplex,
  { failure, server, id }: { failure: Failure; server: string; id: string },
): number {
  const { status, reason } = failure;
  const { contentType, text } = failureBody(failure, server, undefined);
  const headers = [...replyHeaders({ reason, id, contentType, text }), ['Connection', 'close']];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => undefined);
  // Of a refused CONNECT httpx, requests and urllib show the status line and nothing else.
  const phrase = `${STATUS_CODES[status] ?? ''} (${reason})`;
  socket.end(`HTTP/1.1 ${status} ${phrase}\r\n${lines.join('')}\r\n${text}`);
  setTimeout(() => socket.destroy(), lingerMs).unref();
  return status;
}

/** How long after the reply what the client still sends is read and dropped (RFC 9112 section 9.6). */
export const lingerMs = 2_000;

/** @param options `id` is that of the line in the request log */
function replyHeaders(options: {
  reason: FailureReason;
  id: string;
  contentType: string;
  text: string;
}): [name: string, value: string][] {
  const { reason, id, contentType, text } = options;
  return [
    ['Content-Type', contentType],
    ['Content-Length', String(Buffer.byteLength(text))],
    ['Cache-Control', 'no-store'],
    ['Proxy-Status', proxyStatus(reason)],
    ['X-Request-Id', id],
  ];
}

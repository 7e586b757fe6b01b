import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket, type TlsOptions } from 'node:tls';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { listen, type Listening } from './listen.ts';

/** A request as the upstream saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** The request target as sent. */
  readonly url: string;
  /** Name, value, name, value, … with the case and order of the wire. */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  /** The name that the client sent as SNI; undefined for plain http or none. */
  readonly serverName: string | undefined;
  /** Whether the TLS session of its connection was resumed. */
  readonly resumed: boolean;
  /** 1 for the first connection, and so on: equal ids mean a reused connection. */
  readonly connection: number;
  /** What of the body has come so far; stays empty with `recordBodies: false`. */
  body: string;
  /** The peer left before the response was complete. */
  cancelled: boolean;
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  recorded: RecordedRequest,
) => unknown;

export interface UpstreamOptions {
  /** Required for https. */
  readonly leaf?: Leaf;
  readonly handler?: Handler;
  readonly host?: string;
  readonly protocol?: 'https' | 'http';
  /** minVersion, requestCert, ca and so on, over the defaults. */
  readonly tls?: TlsOptions;
  /** false: leave bodies alone, for handlers that test back-pressure. */
  readonly recordBodies?: boolean;
}

export interface Upstream extends Listening {
  readonly requests: readonly RecordedRequest[];
  /** Errors of handshakes that this side saw fail. */
  readonly handshakeErrors: readonly Error[];
  /** For `upgrade` and other events. */
  readonly server: Server;
  /** What connections from now on are shown; those that stand go on. */
  readonly swapCertificate: (leaf: Leaf) => void;
}

/** Starts a real HTTP server over TLS (or without) that records what it is asked, and by default answers 200 with JSON. */
export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const requests: RecordedRequest[] = [];
  const handshakeErrors: Error[] = [];
  const idOf = numberConnections();
  const { handler = answerOk, recordBodies = true } = options;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const recorded = record(request, response, idOf(request.socket));
    requests.push(recorded);
    if (recordBodies) request.on('data', (chunk: Buffer) => (recorded.body += chunk.toString()));
    handler(request, response, recorded);
  };
  const secure =
    options.protocol === 'http'
      ? undefined
      : createHttpsServer(contextOf(options.tls, options.leaf), onRequest);
  const server: Server = secure ?? createHttpServer(onRequest);
  server.on('tlsClientError', (error: Error) => handshakeErrors.push(error));
  const swapCertificate = (leaf: Leaf) => secure?.setSecureContext(contextOf(options.tls, leaf));
  return Object.assign(await listen(server, options.host), {
    requests,
    handshakeErrors,
    server,
    swapCertificate,
  });
}

/** The options of a server that presents a leaf and its intermediates. */
export function contextOf(tls: TlsOptions | undefined, leaf: Leaf | undefined): TlsOptions {
  return { ...tls, ...(leaf && { cert: leaf.chain, key: leaf.key }) };
}

function record(request: IncomingMessage, response: ServerResponse, connection: number): RecordedRequest {
  const { socket, method = '', url = '', rawHeaders, headers } = request;
  const encrypted = socket instanceof TLSSocket ? socket : undefined;
  const recorded: RecordedRequest = {
    method,
    url,
    rawHeaders,
    headers,
    serverName: (encrypted as { servername?: string | false } | undefined)?.servername || undefined,
    resumed: encrypted?.isSessionReused() ?? false,
    connection,
    body: '',
    cancelled: false,
  };
  response.on('close', () => (recorded.cancelled = !response.writableFinished));
  return recorded;
}

function answerOk(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
}

function numberConnections(): (socket: Socket) => number {
  const ids = new WeakMap<Socket, number>();
  let last = 0;
  return (socket) => {
    const id = ids.get(socket) ?? ++last;
    ids.set(socket, id);
    return id;
  };
}

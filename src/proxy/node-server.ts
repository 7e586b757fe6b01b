import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StreamedBody } from '../downstream/streamed-body.ts';
import { isWebSocketUpgrade } from './upgrade.ts';
import type { Incoming } from './visit.ts';

/** INTERFACE section 4: how long a slow sender has for its headers. */
export const headersMs = 10_000;
/** Longer than the pools of httpx (5 s) and undici (4 s) keep theirs, so that they are the ones who close. */
export const keepAliveMs = 75_000;
/** How often connections are looked at that wait for a request. */
export const tickMs = 1_000;
/** TCP keep-alive finds clients that vanished. */
const tcpKeepAliveMs = 30_000;

/** The way of node:http to read a connection. */
export type ReadByNode = (socket: Socket) => void;

/** Hears what node:http makes of the connections that it is given. */
export interface NodeReceiver {
  /** @param expectsContinue the client waits for 100 Continue before it sends the body */
  request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void;
  /** The parser has let go of the socket, as it has after a CONNECT; what came behind the head is put back. */
  upgrade(request: IncomingMessage, socket: Duplex): void;
  connect(request: IncomingMessage, socket: Duplex): void;
  clientError(error: Error, socket: Duplex): void;
}

/**
 * A server of node:http that reads no connection but those that it is given.
 *
 * @param headerBytes the limit of a head, at the moment
 */
export function createNodeServer(
  headerBytes: () => number,
  receiver: NodeReceiver,
): { server: Server; readByNode: ReadByNode } {
  const server = createServer({
    headersTimeout: headersMs,
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: tickMs,
    // A missing Host is refused in our own words.
    requireHostHeader: false,
    // Whatever NODE_OPTIONS say: what is written upstream rests on it.
    insecureHTTPParser: false,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
    shouldUpgradeCallback: isWebSocketUpgrade,
  });
  // Beyond this number node:http would drop headers without a word; their bytes are bounded instead.
  server.maxHeadersCount = 0;
  const [read] = server.listeners('connection');
  if (read === undefined) throw new TypeError('node:http does not listen for its connections');
  server.removeAllListeners('connection');
  const readByNode: ReadByNode = (socket) => {
    // Read when it makes the parser of a connection.
    (server as Server & { maxHeaderSize: number }).maxHeaderSize = headerBytes();
    read.call(server, socket);
  };
  server.on('request', (request, response) => receiver.request(request, response, false));
  server.on('checkContinue', (request, response) => receiver.request(request, response, true));
  server.on('checkExpectation', (request, response) => receiver.request(request, response, false));
  server.on('upgrade', (request, socket, head) => receiver.upgrade(request, putBack(socket, head)));
  server.on('connect', (request, socket, head) => receiver.connect(request, putBack(socket, head)));
  server.on('clientError', (error, socket) => receiver.clientError(error, socket));
  return { server, readByNode };
}

function putBack(socket: Duplex, head: Buffer): Duplex {
  if (head.length > 0) socket.unshift(head);
  return socket;
}

/** A request as node:http hands it out. */
export function streamed(request: IncomingMessage): Pick<Incoming, 'request' | 'source' | 'bodyBytes'> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  const bodyBytes = coding === undefined ? Number(length) : 'chunked';
  return { request, source: new StreamedBody(request), bodyBytes };
}

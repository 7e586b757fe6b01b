import { randomUUID } from 'node:crypto';
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatHost } from '../authority.ts';
import type { ListenAddress } from '../config/config.ts';
import { Failure } from '../failure.ts';
import { unlisted } from '../policy/decide.ts';
import { loggableError, type Logger } from '../telemetry/logger.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { ClientRequest } from '../downstream/message.ts';
import { PlainConnection } from '../downstream/plain-connection.ts';
import { StreamedBody } from '../downstream/streamed-body.ts';
import { handleConnect } from './connect.ts';
import { Downstream } from './downstream.ts';
import { EarlyBytes } from './early-bytes.ts';
import { handleRequest } from './handle-request.ts';
import type { ProxyContext } from './proxy-context.ts';
import { lingerMs, replyFailure, replyOnSocket } from './reply.ts';
import { Roster } from './roster.ts';
import type { Inside } from './route.ts';
import { isWebSocketUpgrade } from './upgrade.ts';
import { ConnectVisit, RequestVisit, type Incoming, type Visit } from './visit.ts';

/** INTERFACE section 4: how long a slow sender has for its headers. */
const headersMs = 10_000;
/** Longer than the pools of httpx (5 s) and undici (4 s) keep theirs, so that they are the ones who close. */
const keepAliveMs = 75_000;
/** How often connections are looked at that wait for a request. */
const tickMs = 1_000;
/** TCP keep-alive finds clients that vanished. */
const tcpKeepAliveMs = 30_000;
/** Connections beyond the limit that still get a reply; more are dropped. */
const politeExcess = 100;

/** What a listener shares with its requests, and whom it tells of them. */
export interface ListenerContext extends ProxyContext {
  readonly logger: Logger;
  /** Told how each request ended. */
  readonly onOutcome: (outcome: Outcome) => void;
}

/**
 * The downstream side, on every listen address, with the limits of the configuration: plain requests are read and answered
 * here, and whatever else comes is given to the node:http server of the address.
 */
export class ProxyListener {
  readonly #context: ListenerContext;
  readonly #servers: Server[] = [];
  readonly #visits = new Roster<Visit>();
  readonly #connections = new Roster<Downstream>();
  /** TLS that ends here, over one of the connections. */
  readonly #secured = new Roster<Downstream>();
  /** Both of them, by their sockets. */
  readonly #bySocket = new WeakMap<Duplex, Downstream>();
  #ticking: NodeJS.Timeout | undefined;

  constructor(context: ListenerContext) {
    this.#context = context;
  }

  /** Requests that are under way. */
  get visits(): Iterable<Visit> & { readonly size: number } {
    return this.#visits;
  }

  /** Whether a request is under way, or its last bytes are. */
  isBusy(): boolean {
    return this.#visits.size > 0 || this.#downstreams().some(({ socket }) => socket.writableLength > 0);
  }

  /**
   * Listens on every address.
   *
   * @returns the real ones, as `host:port`
   * @throws the error of the first that cannot be had
   */
  async listen(addresses: readonly ListenAddress[]): Promise<{ host: string; port: number }[]> {
    const bound: { host: string; port: number }[] = [];
    this.#ticking = setInterval(() => this.#tick(), tickMs).unref();
    for (const address of addresses) {
      const server = this.#createServer();
      this.#servers.push(server);
      bound.push(await bind(server, address));
    }
    return bound;
  }

  /** No new connections; resolves when those that are left have ended. */
  async close(): Promise<void> {
    clearInterval(this.#ticking);
    for (const { socket, plain } of this.#downstreams()) if (plain?.isIdle === true) socket.destroySoon();
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
    );
  }

  /** Ends what is left, at once. */
  destroy(): void {
    for (const { socket } of this.#downstreams()) socket.destroy();
  }

  /** What stands on another before that. */
  #downstreams(): Downstream[] {
    return [...this.#secured, ...this.#connections];
  }

  /** Ends what has waited too long for a request. */
  #tick(): void {
    for (const downstream of this.#downstreams()) {
      const { plain, socket } = downstream;
      const idleMs = plain === undefined ? 0 : plain.tick() * tickMs;
      if (plain?.hasServed === false && idleMs > headersMs) {
        plain.stop();
        this.#refuseBytes(new SilentClientError('no request came'), downstream);
      } else if (idleMs > keepAliveMs) socket.destroy();
    }
  }

  #createServer(): Server {
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
    const readByNode: ReadByNode = (socket) => {
      // Read when it makes the parser of a connection.
      (server as Server & { maxHeaderSize: number }).maxHeaderSize = this.#headerBytes;
      read?.call(server, socket);
    };
    server.removeAllListeners('connection');
    server.on('connection', (socket) => this.#admit(socket, readByNode));
    server.on('request', (request, response) => this.#take(request, response, false));
    server.on('checkContinue', (request, response) => this.#take(request, response, true));
    server.on('checkExpectation', (request, response) => this.#take(request, response, false));
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, this.#of(socket), head));
    server.on('connect', (request, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      this.#connect(request, this.#of(socket), readByNode);
    });
    server.on('clientError', (error, socket) => this.#refuseBytes(error, this.#of(socket)));
    return server;
  }

  get #headerBytes(): number {
    return this.#context.store.current().config.settings.limits.headerBytes;
  }

  #admit(socket: Socket, readByNode: ReadByNode): void {
    const { connections } = this.#context.store.current().config.settings.limits;
    const downstream = this.#enter(socket, this.#connections);
    downstream.isExcess = this.#connections.size > connections;
    if (this.#connections.size <= connections + politeExcess) {
      this.#serve(downstream, readByNode);
      return;
    }
    socket.destroy();
    const failure = new Failure('limit_reached', 'request');
    this.#context.onOutcome(failedOutcome(randomUUID(), { server: unlisted, code: 'aborted', failure }));
  }

  /** Plain requests are taken here; what else comes, and all that follows it, as node:http hands it out. */
  #serve(downstream: Downstream, readByNode: ReadByNode): void {
    const { socket } = downstream;
    downstream.plain = new PlainConnection(socket, {
      maxHeadBytes: this.#headerBytes,
      keepAliveSeconds: keepAliveMs / 1_000,
      serve: (request, source, response, receivedMs) => {
        const { bodyBytes } = request;
        return this.#visit(
          new RequestVisit(downstream, { request, response, source, bodyBytes, receivedMs }),
        );
      },
      onBug: (error) => this.#reportBug(error),
      connect: (request) => {
        downstream.plain = undefined;
        this.#connect(request, downstream, readByNode);
      },
      handOver: () => {
        downstream.plain = undefined;
        readByNode(socket);
        socket.resume();
      },
    });
  }

  #enter(socket: Socket, roster: Roster<Downstream>): Downstream {
    const downstream = new Downstream(socket, (error) => this.#reportBug(error));
    this.#bySocket.set(socket, downstream);
    roster.add(downstream);
    // What it means is told by its close.
    socket.on('error', () => undefined).once('close', () => roster.delete(downstream));
    return downstream;
  }

  #of(socket: Duplex): Downstream {
    const downstream = this.#bySocket.get(socket);
    if (downstream === undefined) throw new TypeError('a connection that was never admitted');
    return downstream;
  }

  #take(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    response.sendDate = false;
    // Where an upgrade is not taken, node:http loses what came in one packet with it: no request may follow.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    const downstream = this.#of(request.socket);
    const visit = new RequestVisit(downstream, {
      ...streamed(request),
      response,
      ...(expectsContinue && { sendContinue: () => response.writeContinue() }),
    });
    downstream.latest = visit;
    downstream.latestResponse = response;
    downstream.order.run(() => this.#visit(visit));
  }

  /** The parser has let go of the connection: the response is made by hand, after those that come before it. */
  #upgrade(request: IncomingMessage, downstream: Downstream, head: Buffer): void {
    const { socket } = downstream;
    const receivedMs = performance.now();
    if (head.length > 0) socket.unshift(head);
    downstream.order.run(async () => {
      await untilReleased(downstream);
      if (socket.destroyed) return false;
      const early = new EarlyBytes(socket, () => socket.destroy());
      const response = new ServerResponse(request);
      response.sendDate = false;
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      // node:http, which has let go of the connection, would tell it: an answer that is no 101 may be long.
      socket.on('drain', () => response.emit('drain'));
      response.once('finish', () => endAfterReply(socket, early));
      const upgrade = { early, detach: () => response.detachSocket(socket) };
      await this.#visit(
        new RequestVisit(downstream, { ...streamed(request), response, upgrade, receivedMs }),
      );
      return false;
    });
  }

  #connect(request: ClientRequest, downstream: Downstream, readByNode: ReadByNode): void {
    const { socket } = downstream;
    const receivedMs = performance.now();
    downstream.order.run(async () => {
      await untilReleased(downstream);
      const serve = await this.#handleConnect(new ConnectVisit(request, downstream, receivedMs));
      if (serve === undefined) return false;
      const within = serve.socket === socket ? downstream : this.#enter(serve.socket, this.#secured);
      within.inside = serve.inside;
      this.#serve(within, readByNode);
      return true;
    });
  }

  /** @returns the connection whose requests are to be served, if it came to that */
  async #handleConnect(visit: ConnectVisit): Promise<{ socket: Socket; inside: Inside } | undefined> {
    this.#visits.add(visit);
    visit.begin();
    try {
      const result = visit.downstream.isExcess
        ? this.#refuseExcess(visit)
        : await handleConnect(this.#context, visit);
      if ('inside' in result) return { socket: result.serve, inside: result.inside };
      this.#context.onOutcome(result);
    } catch (error) {
      this.#reportBug(error, visit.id);
      visit.downstream.socket.destroy();
      this.#context.onOutcome(visit.outcome('aborted', new Failure('internal', 'request', error)));
    } finally {
      this.#visits.delete(visit);
    }
    return undefined;
  }

  #refuseExcess(visit: ConnectVisit): Outcome {
    const { downstream, server, id } = visit;
    const failure = new Failure('limit_reached', 'request');
    return visit.outcome(replyOnSocket(downstream.socket, { failure, server, id }), failure);
  }

  async #visit(visit: RequestVisit): Promise<boolean> {
    const { downstream, response } = visit;
    downstream.current = visit;
    this.#visits.add(visit);
    visit.begin();
    let outcome: Outcome;
    try {
      outcome = downstream.isExcess ? this.#turnAway(visit) : await handleRequest(this.#context, visit);
    } catch (error) {
      outcome = this.#breakDown(visit, error);
    } finally {
      downstream.current = undefined;
      this.#visits.delete(visit);
    }
    visit.discardRest();
    this.#context.onOutcome(outcome);
    return response.shouldKeepAlive;
  }

  /** Exceptions are bugs: they cost their request, and nothing else. */
  #breakDown(visit: RequestVisit, error: unknown): Outcome {
    const { response, server, id } = visit;
    this.#reportBug(error, id);
    const failure = new Failure('internal', 'request', error);
    if (response.headersSent) visit.downstream.socket.destroy();
    else replyFailure(response, { failure, server, id, requestBody: undefined });
    return visit.outcome(response.statusCode, failure);
  }

  #turnAway(visit: RequestVisit): Outcome {
    const { response, server, id } = visit;
    const failure = new Failure('limit_reached', 'request');
    response.shouldKeepAlive = false;
    return visit.outcome(replyFailure(response, { failure, server, id, requestBody: undefined }), failure);
  }

  /** @param requestId that of its line in the request log */
  #reportBug(error: unknown, requestId?: string): void {
    const { stack } = error as Error;
    this.#context.logger.error({ request_id: requestId, error: loggableError(error), stack }, 'bug');
  }

  #refuseBytes(error: Error, downstream: Downstream): void {
    const { code } = error as NodeJS.ErrnoException;
    const { socket, latest, isRefused } = downstream;
    if (isRefused) return;
    const isAmidBody = latest?.body.isComplete === false;
    // Between requests a client may leave as it likes; amid a body an end is no mistake in HTTP, but a client that left.
    const hasLeft = code === 'ECONNRESET' || (isAmidBody && code === 'HPE_INVALID_EOF_STATE');
    if (hasLeft || !socket.writable) {
      socket.destroy();
      return;
    }
    const failure = new Failure('request_malformed', 'request', error);
    if (isAmidBody) latest.breakOff(failure);
    else this.#refuseOnSocket(downstream, failure);
  }

  /** After the responses that the connection is still to get. */
  #refuseOnSocket(downstream: Downstream, failure: Failure): void {
    downstream.isRefused = true;
    downstream.order.run(async () => {
      await untilReleased(downstream);
      const server = downstream.inside?.server ?? unlisted;
      const id = randomUUID();
      const code = replyOnSocket(downstream.socket, { failure, server, id });
      this.#context.onOutcome(failedOutcome(id, { server, code, failure }));
      return false;
    });
  }
}

/** The way of node:http to read a connection. */
type ReadByNode = (socket: Socket) => void;

/** A request as node:http hands it out. */
function streamed(request: IncomingMessage): Pick<Incoming, 'request' | 'source' | 'bodyBytes'> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  const bodyBytes = coding === undefined ? Number(length) : 'chunked';
  return { request, source: new StreamedBody(request), bodyBytes };
}

/** As node:http calls it where its client had sent something. */
class SilentClientError extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/** Its client may still be sending frames for the WebSocket that it did not get. */
function endAfterReply(socket: Socket, early: EarlyBytes): void {
  early.drop();
  socket.end();
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

/** Until node:http is done with the response before: it then gives the connection the timeout of an idle one. */
async function untilReleased({ socket, latestResponse }: Downstream): Promise<void> {
  // It may wait itself, for one before it that is written still: then it has no connection yet.
  if (latestResponse?.writableFinished === false && !socket.destroyed)
    await new Promise<void>((resolve) => {
      latestResponse.once('finish', resolve).once('close', resolve);
      socket.once('close', resolve);
    });
  socket.setTimeout(0);
}

/** That of what never became a request. */
function failedOutcome(requestId: string, what: Pick<Outcome, 'server' | 'code' | 'failure'>): Outcome {
  return {
    ...what,
    ids: () => ({ requestId, clientRequestId: undefined, traceparent: undefined }),
    route: 'none',
    authority: undefined,
    method: '',
    times: { durationMs: 0, queueMs: 0, connectMs: undefined, handshakeMs: undefined, headMs: undefined },
    carried: { requestBytes: 0, responseBytes: 0 },
    reusedConnection: undefined,
  };
}

/** @throws what net.Server reports, EADDRINUSE say */
export function bind(server: Server, { host, port }: ListenAddress): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const { address, port: real } = server.address() as AddressInfo;
      resolve({ host: formatHost(address), port: real });
    });
  });
}

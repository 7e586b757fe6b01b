import { randomUUID } from 'node:crypto';
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenAddress } from '../config/config.ts';
import { Failure } from '../failure.ts';
import { unlisted } from '../policy/decide.ts';
import { loggableError, type Logger } from '../telemetry/logger.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import { PlainConnection } from '../downstream/plain-connection.ts';
import { bind } from './bind.ts';
import { handleConnect } from './connect.ts';
import { Downstream } from './downstream.ts';
import { EarlyBytes } from './early-bytes.ts';
import { handleRequest } from './handle-request.ts';
import {
  createNodeServer,
  headersMs,
  keepAliveMs,
  streamed,
  tickMs,
  type ReadByNode,
} from './node-server.ts';
import { isLoopbackPeer } from './peer.ts';
import type { ProxyContext } from './proxy-context.ts';
import { lingerMs, replyFailure, replyOnSocket } from './reply.ts';
import { Roster } from './roster.ts';
import type { Inside } from './route.ts';
import { ConnectVisit, RequestVisit, type Visit } from './visit.ts';

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

  get #headerBytes(): number {
    return this.#context.store.current().config.settings.limits.headerBytes;
  }

  #createServer(): Server {
    const { server, readByNode } = createNodeServer(() => this.#headerBytes, {
      request: (request, response, expectsContinue) => this.#take(request, response, expectsContinue),
      upgrade: (request, socket) => this.#upgrade(request, this.#of(socket)),
      connect: (request, socket) => this.#connect(request, this.#of(socket), readByNode),
      clientError: (error, socket) => this.#refuseBytes(error, this.#of(socket)),
    });
    server.on('connection', (socket) => this.#admit(socket, readByNode));
    return server;
  }

  #admit(socket: Socket, readByNode: ReadByNode): void {
    const { connections } = this.#context.store.current().config.settings.limits;
    const downstream = this.#enter(socket, this.#connections, isLoopbackPeer(socket));
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
      serve: (request, source, response, waitedMs) => {
        const { bodyBytes } = request;
        return this.#visit(new RequestVisit(downstream, { request, response, source, bodyBytes, waitedMs }));
      },
      onBug: (error) => this.#reportBug(error),
      handOver: (waitedMs) => {
        downstream.plain = undefined;
        downstream.waitedMs = waitedMs;
        readByNode(socket);
        // Until then all that was put back has been read.
        setImmediate(() => (downstream.waitedMs = 0));
      },
    });
  }

  #enter(socket: Socket, roster: Roster<Downstream>, isLoopback: boolean): Downstream {
    const downstream = new Downstream(socket, isLoopback, (error) => this.#reportBug(error));
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
      waitedMs: downstream.waitedMs,
      ...(expectsContinue && { sendContinue: () => response.writeContinue() }),
    });
    downstream.latest = visit;
    downstream.latestResponse = response;
    downstream.order.run(() => {
      visit.begin();
      return this.#visit(visit);
    });
  }

  /** The parser has let go of the connection: the response is made by hand, after those that come before it. */
  #upgrade(request: IncomingMessage, downstream: Downstream): void {
    const { socket } = downstream;
    const receivedMs = performance.now() - downstream.waitedMs;
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
      const waitedMs = performance.now() - receivedMs;
      const upgrade = { early, detach: () => response.detachSocket(socket) };
      await this.#visit(new RequestVisit(downstream, { ...streamed(request), response, upgrade, waitedMs }));
      return false;
    });
  }

  #connect(request: IncomingMessage, downstream: Downstream, readByNode: ReadByNode): void {
    const { socket } = downstream;
    const receivedMs = performance.now() - downstream.waitedMs;
    downstream.order.run(async () => {
      await untilReleased(downstream);
      const waitedMs = performance.now() - receivedMs;
      const serve = await this.#handleConnect(new ConnectVisit(request, downstream, waitedMs));
      if (serve === undefined) return false;
      const within =
        serve.socket === socket
          ? downstream
          : this.#enter(serve.socket, this.#secured, downstream.isLoopback);
      within.inside = serve.inside;
      this.#serve(within, readByNode);
      return true;
    });
  }

  /** @returns the connection whose requests are to be served, if it came to that */
  async #handleConnect(visit: ConnectVisit): Promise<{ socket: Socket; inside: Inside } | undefined> {
    this.#visits.add(visit);
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
    let outcome: Outcome;
    try {
      outcome = downstream.isExcess ? this.#turnAway(visit) : await handleRequest(this.#context, visit);
    } catch (error) {
      outcome = this.#breakDown(visit, error);
    } finally {
      downstream.current = undefined;
      this.#visits.delete(visit);
    }
    visit.body.forget();
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

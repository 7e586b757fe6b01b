import type { IncomingMessage } from 'node:http';
import { Failure } from '../failure.ts';
import { decideByAuthority, decideByName, decideInside, type Decision } from '../policy/decide.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { Connection } from '../upstream/connection.ts';
import { exchange, type ExchangeRequest, type ExchangeResult, type ResponsePolicy } from './exchange.ts';
import { bindsConnection, hasPassedThrough, requestHeaders, withoutEncoding } from './headers.ts';
import { checkPeer, isLoopbackPeer } from './peer.ts';
import type { ProxyContext } from './proxy-context.ts';
import { lingerMs, replyFailure } from './reply.ts';
import { createResponsePolicy, type Reachable } from './response-policy.ts';
import { findRoute, type Route } from './route.ts';
import { relayUpgraded } from './upgrade.ts';
import type { RequestVisit } from './visit.ts';

/** The way a request takes, from its head to its outcome. */
export async function handleRequest(context: ProxyContext, visit: RequestVisit): Promise<Outcome> {
  const snapshot = context.store.current();
  const { settings } = snapshot.config;
  const { inside, request } = visit;
  if (inside !== undefined) visit.server = inside.server;
  const denied = checkPeer(request.socket, {
    isConnect: inside !== undefined,
    allowed: settings.allowRemoteClients,
    isDraining: context.isDraining(),
  });
  if (denied !== undefined) return fail(visit, denied);
  const route = findRoute(request, { ...context, allowedHosts: settings.allowedHosts, inside });
  if (route instanceof Failure) return fail(visit, route);
  if (route.kind === 'not_found') return notFound(visit);
  visit.route = route.kind;

  const decision = decide(snapshot, route, request);
  visit.server = decision.server;
  if (decision.kind === 'refuse') return fail(visit, decision.failure);
  if (hasPassedThrough(request.rawHeaders, context.via))
    return fail(visit, new Failure('loop_detected', 'policy'));

  const target = upstreamTarget(snapshot, route);
  const rewritesOauth = snapshot.table.serverNamed(visit.server)?.entry.tls.rewriteOauth === true;
  const policy = createResponsePolicy(context, visit, { route, decision, target, rewritesOauth });
  const result = await send(context, visit, { snapshot, decision, target, policy });
  if (result instanceof Failure) return fail(visit, result);
  if (result.upgraded !== undefined) return relayUpgraded(visit, result.upgraded);
  if (result.status === undefined && result.failure !== undefined) return fail(visit, result.failure);
  if (result.failure !== undefined) breakOff(visit);
  else discardRest(visit);
  return visit.outcome(result.status ?? 'aborted', result.failure);
}

/** What a relay goes by. */
interface Relayed {
  readonly snapshot: Snapshot;
  readonly decision: Reachable;
  readonly target: string;
  readonly policy: ResponsePolicy;
}

/** Finds a connection and makes the exchange on it; once more on a new one where not a byte had been written. */
async function send(
  context: ProxyContext,
  visit: RequestVisit,
  relayed: Relayed,
): Promise<ExchangeResult | Failure> {
  const { snapshot, decision, policy } = relayed;
  visit.way = decision;
  let result: ExchangeResult | undefined;
  for (const fresh of [false, true]) {
    const connection = await acquire(context, visit, relayed, fresh);
    if (connection instanceof Failure) return connection;
    visit.reusedConnection = connection.reused;
    if (visit.expectsContinue && !fresh) visit.response.writeContinue();
    result = await exchange({
      connection,
      request: upstreamRequest(context, visit, relayed, connection),
      response: visit.response,
      policy,
      isUpgrade: visit.early !== undefined,
      responseTimeoutMs: snapshot.config.settings.timeouts.responseMs,
      cancellation: visit.cancellation,
      carried: visit.carried,
    });
    settleConnection(context, visit, connection, result);
    if (!result.unsent || visit.cancellation.failure !== undefined) break;
  }
  return result ?? new Failure('internal', 'connect');
}

function upstreamRequest(
  { via }: ProxyContext,
  visit: RequestVisit,
  { decision, target, policy }: Relayed,
  connection: Connection,
): ExchangeRequest {
  const { method = 'GET', rawHeaders } = visit.request;
  const { host, path, login } = connection.address(decision, { method, target });
  const sent = requestHeaders(rawHeaders, host, via);
  // What has to be read on its way down must not be compressed.
  const headers = policy.readsBody ? withoutEncoding(sent) : sent;
  if (login !== undefined) headers.push('Proxy-Authorization', login);
  if (visit.body.framing === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  if (visit.early !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket');
  return { method, target: path, headers, body: visit.body };
}

function acquire(
  context: ProxyContext,
  visit: RequestVisit,
  { snapshot, decision }: Relayed,
  fresh: boolean,
): Promise<Connection | Failure> {
  const { timeouts, limits } = snapshot.config.settings;
  const { socket, rawHeaders } = visit.request;
  const isUpgrade = visit.early !== undefined;
  if (bindsConnection(rawHeaders, 'authorization')) context.bound.add(socket);
  return context.pool.acquire(decision, {
    timeoutMs: timeouts.dialMs,
    headerBytes: limits.headerBytes,
    signal: visit.signal,
    owner: context.bound.has(socket) ? socket : undefined,
    fresh: fresh || isUpgrade,
    raw: isUpgrade,
    times: visit.dialTimes,
  });
}

/** A connection goes back to the pool only whole, and never once another identity was offered on it. */
function settleConnection(
  context: ProxyContext,
  visit: RequestVisit,
  connection: Connection,
  result: ExchangeResult,
): void {
  const { socket } = visit.request;
  const shared = !context.bound.has(socket);
  const { failure } = result;
  if (result.upgraded !== undefined) return;
  if (failure?.phase === 'handshake') context.pool.handshakeFailedLate(connection, failure);
  if (result.bindsConnection) context.bound.add(socket);
  if (result.failure !== undefined || (result.bindsConnection && shared)) connection.destroy();
  else context.pool.release(connection);
}

function decide(
  { rules }: Snapshot,
  route: Exclude<Route, { kind: 'not_found' }>,
  { socket }: IncomingMessage,
): Decision {
  if (route.kind === 'base_url') return decideByName(rules, route.server);
  const asked = { path: route.target.replace(/\?.*$/s, ''), secure: route.secure };
  return route.kind === 'connect'
    ? decideInside(rules, route.authority, { ...asked, isRemote: !isLoopbackPeer(socket) })
    : decideByAuthority(rules, route.authority, asked);
}

function upstreamTarget(snapshot: Snapshot, route: Exclude<Route, { kind: 'not_found' }>): string {
  if (route.kind !== 'base_url') return route.target;
  if (route.target !== undefined) return route.target;
  const path = snapshot.table.serverNamed(route.server)?.entry.upstream.path ?? '/';
  return `${path}${route.query}`;
}

/** Replies with a failure; nobody is left to reply to where the client has gone. */
async function fail(visit: RequestVisit, failure: Failure): Promise<Outcome> {
  const { response } = visit;
  if (failure.reason === 'downstream_aborted') return visit.outcome('aborted', failure);
  const waitsForContinue = visit.expectsContinue && visit.body.bytes === 0;
  const requestBody = waitsForContinue ? undefined : await visit.body.prefix();
  if (response.destroyed) return visit.outcome('aborted', failure);
  // Where this request ends is for its sender alone to know: what follows it may be meant to be part of it.
  const isOver = failure.reason === 'request_malformed' || visit.early !== undefined;
  // A CONNECT to a host that is no longer listed has no further use.
  if (isOver || (visit.inside !== undefined && failure.reason === 'policy_denied'))
    response.shouldKeepAlive = false;
  const code = replyFailure(response, { failure, server: visit.server, id: visit.id, requestBody });
  discardRest(visit);
  return visit.outcome(code, failure);
}

/**
 * Reads and drops what the client still sends after its answer, for a while: unread, it would keep the client from
 * the answer (RFC 9112 section 9.6) and the connection from its next request.
 */
function discardRest({ request }: RequestVisit): void {
  if (request.complete) return;
  // The abandoned iterator's: while it listens, nothing flows.
  request.removeAllListeners('readable');
  request.resume();
  setTimeout(() => request.complete || request.socket.destroy(), lingerMs).unref();
}

function notFound(visit: RequestVisit): Outcome {
  const text = 'no server of this name has such a document\n';
  visit.response.writeHead(404, { 'Content-Type': 'text/plain', 'Content-Length': text.length }).end(text);
  return visit.outcome(404, undefined);
}

/** Ends a response that has begun, visibly: short of its last chunk or its length, else by a reset. */
function breakOff({ inside, request: { socket, httpVersion } }: RequestVisit): void {
  if (httpVersion === '1.0') (inside?.tcp ?? socket).resetAndDestroy();
  else socket.destroySoon();
}

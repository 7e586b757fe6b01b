import { Failure } from '../failure.ts';
import { decideByAuthority, decideByName, decideInside, type Decision } from '../policy/decide.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import type { Connection } from '../upstream/connection.ts';
import { HeadForm } from '../upstream/head-form.ts';
import { renderRequestHead } from '../upstream/request-head.ts';
import { exchange, type ExchangeResult } from './exchange.ts';
import { bindsConnection, hasPassedThrough, requestHeaders, withoutEncoding } from './headers.ts';
import { checkPeer } from './peer.ts';
import type { Precedent } from './precedent.ts';
import type { ProxyContext } from './proxy-context.ts';
import { replyFailure } from './reply.ts';
import { RelayedResponse, type Reachable } from './response-policy.ts';
import { findRoute, type Route } from './route.ts';
import { relayUpgraded } from './upgrade.ts';
import type { RequestVisit } from './visit.ts';

/** The way a request takes, from its head to its outcome. */
export function handleRequest(context: ProxyContext, visit: RequestVisit): Promise<Outcome> {
  const snapshot = context.store.current();
  const { generation } = context.store;
  const { settings } = snapshot.config;
  const { downstream, inside, request } = visit;
  if (inside !== undefined) visit.server = inside.server;
  const denied = checkPeer(downstream.isLoopback, {
    isConnect: inside !== undefined,
    allowed: settings.allowRemoteClients,
    isDraining: context.isDraining(),
  });
  if (denied !== undefined) return fail(visit, denied);
  const precedent = precedentOf(context, visit);
  const { isOwnListener } = context;
  const route =
    precedent?.route ?? findRoute(request, { isOwnListener, allowedHosts: settings.allowedHosts, inside });
  if (route instanceof Failure) return fail(visit, route);
  if (route.kind === 'not_found') return notFound(visit);
  visit.route = route.kind;

  const decision = decide(snapshot, route, downstream.isLoopback);
  visit.server = decision.server;
  if (decision.kind === 'refuse') return fail(visit, decision.failure);
  if (precedent === undefined && hasPassedThrough(request.rawHeaders, context.via))
    return fail(visit, new Failure('loop_detected', 'policy'));

  const target = upstreamTarget(snapshot, route);
  const rewritesOauth = snapshot.table.serverNamed(visit.server)?.entry.tls.rewriteOauth === true;
  const policy = new RelayedResponse(context, visit, { route, decision, target, rewritesOauth });
  return relay(context, visit, { snapshot, generation, route, decision, target, policy, precedent });
}

/** The request before it on its connection, if this one differs from it in nothing that counts. */
function precedentOf({ store }: ProxyContext, { request, downstream }: RequestVisit): Precedent | undefined {
  const { precedent } = downstream;
  const holds =
    precedent !== undefined && precedent.form === request.form && precedent.generation === store.generation;
  return holds ? precedent : undefined;
}

/** What a relay goes by. */
interface Relayed {
  readonly snapshot: Snapshot;
  readonly generation: number;
  readonly route: Precedent['route'];
  readonly decision: Reachable;
  readonly target: string;
  readonly policy: RelayedResponse;
  readonly precedent: Precedent | undefined;
}

/**
 * Finds a connection, makes the exchange on it, once more on a new one where not a byte had been written, and ends with
 * the client.
 */
async function relay(context: ProxyContext, visit: RequestVisit, relayed: Relayed): Promise<Outcome> {
  const { snapshot, decision, policy, precedent } = relayed;
  visit.way = decision;
  if (precedent === undefined && bindsConnection(visit.request.rawHeaders, 'authorization'))
    visit.downstream.isBound = true;
  // node:http hands a request out before its body, all of which may have come in the same packet.
  if (!visit.body.isReady) await Promise.resolve();
  for (let attempt = 1; ; attempt++) {
    const warm = attempt === 1 ? takeWarm(context, visit, decision) : undefined;
    const connection = warm ?? (await dial(context, visit, relayed));
    if (connection instanceof Failure) return fail(visit, connection);
    visit.reusedConnection = connection.reused;
    if (attempt === 1) visit.sendContinue?.();
    const result = await exchange({
      connection,
      request: {
        method: visit.request.method ?? 'GET',
        head: upstreamHead(context, visit, relayed, connection),
        body: visit.body,
      },
      asked: visit.request,
      response: visit.response,
      policy,
      isUpgrade: visit.upgrade !== undefined,
      responseTimeoutMs: snapshot.config.settings.timeouts.responseMs,
      cancellation: visit.cancellation,
      carried: visit.carried,
    });
    settleConnection(context, visit, connection, result);
    if (!result.unsent || attempt > 1 || visit.cancellation.failure !== undefined)
      return conclude(visit, result);
  }
}

/** What is left to be done with the client. */
function conclude(
  visit: RequestVisit,
  { status, failure, upgraded }: ExchangeResult,
): Outcome | Promise<Outcome> {
  if (upgraded !== undefined) return relayUpgraded(visit, upgraded);
  if (status === undefined && failure !== undefined) return fail(visit, failure);
  if (failure !== undefined) breakOff(visit);
  return visit.outcome(status ?? 'aborted', failure);
}

/** An upgrade has a connection of its own. */
function takeWarm({ pool }: ProxyContext, visit: RequestVisit, decision: Reachable): Connection | undefined {
  return visit.upgrade === undefined ? pool.takeWarm(decision, ownerOf(visit)) : undefined;
}

function dial(
  { pool }: ProxyContext,
  visit: RequestVisit,
  { snapshot, decision }: Relayed,
): Promise<Connection | Failure> {
  const { timeouts, limits } = snapshot.config.settings;
  return pool.dial(decision, {
    timeoutMs: timeouts.dialMs,
    headerBytes: limits.headerBytes,
    signal: visit.signal,
    owner: ownerOf(visit),
    raw: visit.upgrade !== undefined,
    times: visit.dialTimes,
  });
}

/** Who has an upstream connection to itself. */
function ownerOf({ downstream }: RequestVisit): object | undefined {
  return downstream.isBound ? downstream : undefined;
}

/** What is written before the body. It becomes the precedent of those that are of its form. */
function upstreamHead(
  context: ProxyContext,
  visit: RequestVisit,
  relayed: Relayed,
  connection: Connection,
): string {
  const { isForwarded } = connection;
  const { generation, route, precedent } = relayed;
  const { form, contentLength = '' } = visit.request;
  if (precedent?.isForwarded === isForwarded) return precedent.head.withLength(contentLength);
  const written = renderUpstreamHead(context, visit, relayed, connection);
  if (form?.recurs === true) {
    const head = new HeadForm(written, contentLength);
    visit.downstream.precedent = { form, generation, route, isForwarded, head };
  }
  return written;
}

function renderUpstreamHead(
  { via }: ProxyContext,
  { request, body, upgrade }: RequestVisit,
  { decision, target, policy }: Relayed,
  connection: Connection,
): string {
  const { method = 'GET', rawHeaders } = request;
  const { host, path, login } = connection.address(decision, { method, target });
  const sent = requestHeaders(rawHeaders, host, via);
  // What has to be read on its way down must not be compressed.
  const headers = policy.readsBody ? withoutEncoding(sent) : sent;
  if (login !== undefined) headers.push('Proxy-Authorization', login);
  if (body.framing === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  if (upgrade !== undefined) headers.push('Connection', 'Upgrade', 'Upgrade', 'websocket');
  return renderRequestHead(method, path, headers);
}

/** A connection goes back to the pool only whole, and never once another identity was offered on it. */
function settleConnection(
  { pool }: ProxyContext,
  { downstream }: RequestVisit,
  connection: Connection,
  { failure, upgraded, bindsConnection }: ExchangeResult,
): void {
  if (upgraded !== undefined) return;
  const wasShared = !downstream.isBound;
  if (failure?.phase === 'handshake') pool.handshakeFailedLate(connection, failure);
  if (bindsConnection) downstream.isBound = true;
  if (failure !== undefined || (bindsConnection && wasShared)) connection.destroy();
  else pool.release(connection);
}

function decide(
  { rules }: Snapshot,
  route: Exclude<Route, { kind: 'not_found' }>,
  isLoopback: boolean,
): Decision {
  if (route.kind === 'base_url') return decideByName(rules, route.server);
  const asked = { path: route.target.replace(/\?.*$/s, ''), secure: route.secure };
  return route.kind === 'connect'
    ? decideInside(rules, route.authority, { ...asked, isRemote: !isLoopback })
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
  const waitsForContinue = visit.sendContinue !== undefined && visit.body.bytes === 0;
  const requestBody = waitsForContinue ? undefined : await visit.body.prefix();
  if (response.destroyed) return visit.outcome('aborted', failure);
  // Where this request ends is for its sender alone to know: what follows it may be meant to be part of it.
  const isOver = failure.reason === 'request_malformed' || visit.upgrade !== undefined;
  // A CONNECT to a host that is no longer listed has no further use.
  if (isOver || (visit.inside !== undefined && failure.reason === 'policy_denied'))
    response.shouldKeepAlive = false;
  const code = replyFailure(response, { failure, server: visit.server, id: visit.id, requestBody });
  return visit.outcome(code, failure);
}

function notFound(visit: RequestVisit): Promise<Outcome> {
  const text = Buffer.from('no server of this name has such a document\n');
  const headers = ['Content-Type', 'text/plain', 'Content-Length', String(text.length)];
  visit.response.writeHead(404, 'Not Found', headers);
  visit.response.end(text);
  return Promise.resolve(visit.outcome(404, undefined));
}

/** Ends a response that has begun, visibly: short of its last chunk or its length, else by a reset. */
function breakOff({ inside, request: { httpVersion }, downstream: { socket } }: RequestVisit): void {
  if (httpVersion === '1.0') (inside?.tcp ?? socket).resetAndDestroy();
  else socket.destroySoon();
}

import type { SecureContext } from 'node:tls';
import { parseAuthority, type Authority } from '../authority.ts';
import { Failure, type FailureWords } from '../failure.ts';
import { decideConnect } from '../policy/decide.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import { hasHeader, headerValues } from '../upstream/raw-headers.ts';
import type { Downstream } from './downstream.ts';
import { EarlyBytes } from './early-bytes.ts';
import { hasPassedThrough } from './headers.ts';
import { openInside } from './intercept.ts';
import { joinSockets } from './join.ts';
import { checkPeer } from './peer.ts';
import type { ProxyContext } from './proxy-context.ts';
import { replyOnSocket } from './reply.ts';
import type { Inside } from './route.ts';
import type { ConnectVisit } from './visit.ts';

/** How a CONNECT ended: its outcome, or a connection whose requests are to be served. */
export type ConnectResult = Outcome | { readonly serve: Downstream['socket']; readonly inside: Inside };

/** The way a CONNECT takes, from its head to its tunnel's end, or to where requests come out of it. */
export async function handleConnect(context: ProxyContext, visit: ConnectVisit): Promise<ConnectResult> {
  const { request, downstream } = visit;
  const snapshot = context.store.current();
  const { allowRemoteClients } = snapshot.config.settings;
  const isDraining = context.isDraining();
  const denied = checkPeer(downstream.isLoopback, {
    isConnect: true,
    allowed: allowRemoteClients,
    isDraining,
  });
  if (denied !== undefined) return refuse(visit, denied);
  if (downstream.inside !== undefined) return refuse(visit, malformed(nested));
  const authority = isWellFormed(visit) ? parseAuthority(request.url ?? '') : undefined;
  if (authority === undefined) return refuse(visit, malformed(noTarget));

  const decision = decideConnect(snapshot.rules, authority, !downstream.isLoopback);
  visit.server = decision.server;
  if (decision.kind === 'refuse') return refuse(visit, decision.failure);
  if (hasPassedThrough(request.rawHeaders, context.via))
    return refuse(visit, new Failure('loop_detected', 'policy'));
  if (decision.kind === 'terminate') return intercept(context, visit, { authority, secure: decision.secure });
  visit.way = decision;
  return tunnel(context, visit, snapshot);
}

/** Ends the client's TLS here; what fails upstream answers the requests inside. */
async function intercept(
  context: ProxyContext,
  visit: ConnectVisit,
  { authority, secure }: { authority: Authority; secure: boolean },
): Promise<ConnectResult> {
  const { server, downstream } = visit;
  const { socket } = downstream;
  const leaf = (): SecureContext | Failure => {
    const found = context.ca.contextFor(authority.host);
    return 'severity' in found
      ? new Failure('configuration_unusable', 'policy', new Error(found.message), noLeaf)
      : found;
  };
  const ready = secure ? leaf() : undefined;
  if (ready instanceof Failure) return refuse(visit, ready);
  socket.write(granted);
  const opened = await openInside(socket, () => ready ?? leaf());
  if (!(opened instanceof Failure))
    return { serve: opened.socket, inside: { authority, secure: opened.secure, server, tcp: socket } };
  socket.destroy();
  return visit.outcome('aborted', opened);
}

/** Relays bytes that are never looked at. */
async function tunnel(
  { pool }: ProxyContext,
  visit: ConnectVisit,
  { config }: Snapshot,
): Promise<ConnectResult> {
  const { downstream, way, signal, dialTimes: times } = visit;
  const { socket } = downstream;
  if (way === undefined) return refuse(visit, new Failure('internal', 'connect'));
  const early = new EarlyBytes(socket, () => visit.end(new Failure('downstream_aborted', 'connect')));
  const upstream = await pool.open(way, { timeoutMs: config.settings.timeouts.dialMs, signal, times });
  early.release();
  if (upstream instanceof Failure) return refuse(visit, upstream);
  visit.headMs = visit.elapsedMs;
  socket.write(granted);
  return visit.outcome(200, await joinSockets(socket, upstream, visit));
}

function refuse(visit: ConnectVisit, failure: Failure): Outcome {
  const { downstream, server, id } = visit;
  const { socket } = downstream;
  if (failure.status === 0 || !socket.writable) {
    socket.destroy();
    return visit.outcome('aborted', failure);
  }
  const code = replyOnSocket(socket, { failure, server, id });
  // Unread, what the client sent already would keep it from the answer (RFC 9112 section 9.6).
  socket.resume();
  return visit.outcome(code, failure);
}

const granted = 'HTTP/1.1 200 Connection established\r\n\r\n';

const nested: FailureWords = {
  sentence: 'a CONNECT came inside of a CONNECT',
  hint: 'use the sidecar as the only proxy of the client',
};
const noTarget: FailureWords = {
  sentence: 'the CONNECT does not name a host and a port, or is not well-formed',
  hint: 'send CONNECT host:port HTTP/1.1, without a body',
};
const noLeaf: FailureWords = {
  sentence: 'the local CA of the sidecar cannot issue a certificate for this host',
  hint: 'run mcp-tls-sidecar check beside the sidecar, and look at its log: they name the file; base URLs and HTTP_PROXY need no CA',
};

function malformed(words: FailureWords): Failure {
  return new Failure('request_malformed', 'request', undefined, words);
}

/** A CONNECT has no content (RFC 9110 section 9.3.6), and one Host at most. */
function isWellFormed({ request: { rawHeaders } }: ConnectVisit): boolean {
  const lengths = headerValues(rawHeaders, 'content-length');
  return (
    lengths.every((length) => length.trim() === '0') &&
    !hasHeader(rawHeaders, 'transfer-encoding') &&
    headerValues(rawHeaders, 'host').length <= 1
  );
}

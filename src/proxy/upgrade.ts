import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ClientRequest } from '../downstream/message.ts';
import type { Outcome } from '../telemetry/request-log.ts';
import { hasHeader, headerValues, renderHead, type RawHeaders } from '../upstream/raw-headers.ts';
import type { Upgraded } from './exchange.ts';
import { joinSockets } from './join.ts';
import type { RequestVisit } from './visit.ts';

/** RFC 6455 section 1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Whether a request asks for a WebSocket (RFC 6455 section 4.1). Other upgrades are not passed on: they are served as if they asked for none. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  const { method, httpVersion, headers } = request;
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    /^websocket$/i.test(headers.upgrade ?? '') &&
    headers['sec-websocket-key'] !== undefined &&
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) === 0
  );
}

/** Whether a 101 answers the very request: without that, what follows could be anything. */
export function isWebSocketAccepted(asked: ClientRequest, status: number, response: RawHeaders): boolean {
  const key = headerValues(asked.rawHeaders, 'sec-websocket-key').join(', ');
  const accept = headerValues(response, 'sec-websocket-accept');
  return (
    status === 101 &&
    hasHeader(response, 'connection', (value) => /(?:^|,)[ \t]*upgrade[ \t]*(?:,|$)/i.test(value)) &&
    hasHeader(response, 'upgrade', (value) => /^websocket$/i.test(value.trim())) &&
    accept.length === 1 &&
    accept[0]?.trim() === hash('sha1', `${key}${acceptGuid}`, 'base64')
  );
}

/** Passes the 101 on; from there on bytes are relayed as they come. */
export async function relayUpgraded(
  visit: RequestVisit,
  { headers, socket: upstream }: Upgraded,
): Promise<Outcome> {
  const { downstream, upgrade } = visit;
  const { socket } = downstream;
  upgrade?.detach();
  // How it ends is told by the two sockets from here on.
  downstream.current = undefined;
  const own = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];
  socket.write(`${renderHead('HTTP/1.1 101 Switching Protocols', [...own, ...headers])}\r\n`, 'latin1');
  upgrade?.early.release();
  return visit.outcome(101, await joinSockets(socket, upstream, visit));
}

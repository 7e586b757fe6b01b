import type { Socket } from 'node:net';
import { Failure } from '../failure.ts';

/** Whether the other end of a connection is on this machine's loopback. */
export function isLoopbackPeer({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): boolean {
  return /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress);
}

/**
 * Whether a peer beyond loopback may do what it wants to: the CONNECT route only, and only where the configuration of
 * now allows it, whatever it was when we began to listen.
 */
export function checkPeer(
  isLoopback: boolean,
  wanted: { readonly isConnect: boolean; readonly allowed: boolean; readonly isDraining: boolean },
): Failure | undefined {
  if (isLoopback) return undefined;
  if (!wanted.allowed)
    return new Failure('policy_denied', 'request', undefined, {
      sentence: 'this sidecar serves clients on its own machine only',
      hint: 'set mcp_tls_sidecar.allow_remote_clients: true, with unlisted_hosts: deny, if others are to be served',
    });
  if (!wanted.isConnect)
    return new Failure('policy_denied', 'request', undefined, {
      sentence: 'clients on other machines are served by the CONNECT route only',
      hint: 'use HTTPS_PROXY with an https:// URL, or run a sidecar beside the client',
    });
  // Who is beside us finishes its work through us; others go elsewhere.
  return wanted.isDraining ? new Failure('draining', 'request') : undefined;
}

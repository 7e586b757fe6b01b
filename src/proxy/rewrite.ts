import { formatAuthority, normaliseHost, type Authority } from '../authority.ts';
import { Failure } from '../failure.ts';
import { headerValues } from '../upstream/raw-headers.ts';
import { mapHeader } from './headers.ts';

/** What the rewriting of base-URL responses goes by. */
export interface RewriteContext {
  /** The server's name: the first segment of every path that the client gets to see. */
  readonly server: string;
  readonly protocol: 'https' | 'http';
  readonly authority: Authority;
  /** Path and query of the upstream request, against which references are resolved. */
  readonly target: string;
  readonly isOwnListener: (authority: Authority) => boolean;
  /**
   * The path of cookies that name none, where a client's default (RFC 6265 section 5.1.4) would reach other servers:
   * that of `/SERVER` is `/`.
   */
  readonly cookiePath?: string | undefined;
}

/**
 * Rewrites what would lead a client past the sidecar: a `Location` on the server's own origin gets the server's
 * prefix, cookies are bound to it. A `Location` elsewhere passes, but never one to another server's prefix.
 */
export function rewriteHead(raw: string[], context: RewriteContext): string[] | Failure {
  const misleading = headerValues(raw, 'location').some(
    (value) => placeReference(value, context).kind === 'misleading',
  );
  if (misleading)
    return new Failure(
      'response_malformed',
      'response',
      new Error('a Location that leads to the sidecar itself'),
    );
  const located = mapHeader(raw, 'location', (value) => {
    const place = placeReference(value, context);
    return place.kind === 'own' ? place.path : value;
  });
  return mapHeader(located, 'set-cookie', (value) => rewriteCookie(value, context));
}

/** In the place of the URL that the client used; only its scheme counts. */
const clientBase = new URL('http://sidecar.invalid/');

/** Where a reference of the server leads: its own origin, elsewhere, or to our listener (or nowhere that one can tell). */
export function placeReference(
  reference: string,
  { server, protocol, authority, target, isOwnListener }: RewriteContext,
): { kind: 'own'; path: string } | { kind: 'elsewhere' } | { kind: 'misleading' } {
  const base = `${protocol}://${formatAuthority(authority)}${target}`;
  if (!URL.canParse(reference, base)) return { kind: 'misleading' };
  const url = new URL(reference, base);
  if (url.origin === new URL(base).origin)
    return { kind: 'own', path: `/${server}${url.pathname}${url.search}${url.hash}` };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { kind: 'elsewhere' };
  // `http:/other/x` names no host: to the client, which is at an http URL of ours, it is a path here.
  if (new URL(reference, clientBase).host === clientBase.host) return { kind: 'misleading' };
  const host = normaliseHost(url.hostname);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return host === undefined || isOwnListener({ host, port }) ? { kind: 'misleading' } : { kind: 'elsewhere' };
}

/** `Path` gets the prefix; `Domain` and `Secure` speak of the upstream origin and go. */
function rewriteCookie(value: string, { server, cookiePath }: RewriteContext): string {
  const parts = value.split(';').filter((part, index) => index === 0 || !isOfOrigin(part));
  const paths = parts.map((part, index) => (index === 0 ? undefined : cookiePathOf(part)));
  const rewritten = parts.map((part, index) => {
    const path = paths[index];
    return path === undefined ? part : ` Path=/${server}${path === '/' ? '' : path}`;
  });
  // One without a Path, or with one that is none, goes by the path that the client asked for.
  if (cookiePath !== undefined && paths.every((path) => path === undefined))
    rewritten.push(` Path=${cookiePath}`);
  return rewritten.join(';');
}

function isOfOrigin(attribute: string): boolean {
  return /^\s*(?:domain\s*(?:=|$)|secure\s*$)/i.test(attribute);
}

function cookiePathOf(attribute: string): string | undefined {
  return /^\s*path\s*=\s*(\/.*?)\s*$/i.exec(attribute)?.[1];
}

import type { Socket } from 'node:net';
import { isLoopbackHost, normaliseHost, parseAuthority, type Authority } from '../authority.ts';
import type { ClientRequest } from '../downstream/message.ts';
import { Failure } from '../failure.ts';
import { hasHeader, headerValues, isNamed, type RawHeaders } from '../upstream/raw-headers.ts';

/** Which of the routes a request takes, and where it asks to go. */
export type Route =
  | {
      readonly kind: 'base_url';
      readonly server: string;
      /** Path and query at the upstream; undefined for the bare `/SERVER`, which is the path of its url. */
      readonly target: string | undefined;
      /** The query of a bare `/SERVER?query`, with its question mark, else empty. */
      readonly query: string;
    }
  | {
      readonly kind: 'absolute';
      readonly authority: Authority;
      /** Path and query at the upstream. */
      readonly target: string;
      /** For the rare `GET https://host/ HTTP/1.1`. */
      readonly secure: boolean;
    }
  /** A request inside a terminated CONNECT. */
  | {
      readonly kind: 'connect';
      readonly authority: Authority;
      /** Path and query at the upstream. */
      readonly target: string;
      /** Whether it came over TLS. */
      readonly secure: boolean;
    }
  /** A well-known path of no server: clients probe those and fall back on a plain 404. */
  | { readonly kind: 'not_found' };

/** The terminated CONNECT that requests come out of. */
export interface Inside {
  /** The connection of the CONNECT, which TLS may stand on: a reset is of TCP. */
  readonly tcp: Socket;
  /** What the CONNECT named. */
  readonly authority: Authority;
  /** Whether TLS is spoken inside. */
  readonly secure: boolean;
  /** The metric label of requests that cannot be decided. */
  readonly server: string;
}

/** What routes need to know of this process. */
export interface RouteContext {
  /** Whether an authority is our own proxy listener. */
  readonly isOwnListener: (authority: Authority) => boolean;
  /** Normalised Host names beyond the loopback ones. */
  readonly allowedHosts: readonly string[];
  readonly inside: Inside | undefined;
}

/** Finds the route of a request by the form of its target (RFC 9112 section 3.2). */
export function findRoute(request: ClientRequest, context: RouteContext): Route | Failure {
  const host = singleHost(request);
  if (host instanceof Failure) return host;
  if (!isFramedPlainly(request)) return malformed();
  const target = request.url ?? '';
  if (/[^\u0021-\u007e\u0080-\u00ff]|#/.test(target)) return malformed();
  if (context.inside !== undefined) return insideRoute(request, host, target, context.inside);
  if (target.startsWith('/')) return originForm(request, host, target, context);

  const absolute = parseAbsolute(target);
  if (absolute === undefined) return malformed();
  const { secure, written, authority, path } = absolute;
  // In absolute form the Host header is ignored (RFC 9112 section 3.2.2).
  if (!secure && context.isOwnListener(authority)) return originForm(request, written, path, context);
  return { kind: 'absolute', authority, target: path, secure };
}

function parseAbsolute(
  target: string,
): { secure: boolean; written: string; authority: Authority; path: string } | undefined {
  const [, scheme = '', written = '', rest = ''] = /^(https?):\/\/([^/?]*)(.*)$/i.exec(target) ?? [];
  const secure = scheme.toLowerCase() === 'https';
  const authority = parseAuthority(written, secure ? 443 : 80);
  if (authority === undefined) return undefined;
  return { secure, written, authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

/** Whatever a request inside a CONNECT asks for must be what the CONNECT named: the client's certificate check was for that. */
function insideRoute(
  { httpVersion }: ClientRequest,
  host: string | undefined,
  target: string,
  { authority, secure }: Inside,
): Route | Failure {
  const absolute = target.startsWith('/') ? undefined : parseAbsolute(target);
  if (absolute === undefined && !target.startsWith('/')) return malformed();
  if (host === undefined && httpVersion !== '1.0') return malformed();
  const named =
    absolute?.authority ?? (host === undefined ? authority : parseAuthority(host, secure ? 443 : 80));
  if (named === undefined) return malformed();
  const isSame = named.host === authority.host && named.port === authority.port;
  if (!isSame || (absolute !== undefined && absolute.secure !== secure)) return misdirected();
  return { kind: 'connect', authority, target: absolute?.path ?? target, secure };
}

function originForm(
  request: ClientRequest,
  host: string | undefined,
  target: string,
  context: RouteContext,
): Route | Failure {
  if (host === undefined && request.httpVersion !== '1.0') return malformed();
  const denied = checkBrowser(request.rawHeaders, host, context.allowedHosts);
  if (denied !== undefined) return denied;
  let end = 1;
  while (end < target.length && target[end] !== '/' && target[end] !== '?') end++;
  const first = target.slice(1, end);
  const rest = target.slice(end);
  if (first === '.well-known') return wellKnown(rest);
  if (rest === '' || rest.startsWith('?'))
    return { kind: 'base_url', server: first, target: undefined, query: rest };
  return { kind: 'base_url', server: first, target: rest, query: '' };
}

/** `/.well-known/NAME/SERVER/rest` is the server's `/.well-known/NAME/rest` (RFC 8615, RFC 8414 section 3). */
function wellKnown(rest: string): Route {
  const [, name, server, tail = ''] = /^\/([^/?]+)\/([^/?]+)(.*)$/.exec(rest) ?? [];
  if (name === undefined || server === undefined) return { kind: 'not_found' };
  return { kind: 'base_url', server, target: `/.well-known/${name}${tail}`, query: '' };
}

/** Two Host headers mean two things to two readers: llhttp lets them pass. */
function singleHost({ rawHeaders }: ClientRequest): string | undefined | Failure {
  let host: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isNamed(rawHeaders[index] ?? '', 'host')) continue;
    if (host !== undefined) return malformed();
    host = rawHeaders[index + 1];
  }
  return host;
}

/**
 * HTTP/1 with chunked as the only transfer coding, and no chunks in 1.0 (RFC 9112 section 6.1): llhttp also takes
 * HTTP/0.9 and codings before chunked, whose names would be lost on the way.
 */
function isFramedPlainly({ httpVersion, rawHeaders }: ClientRequest): boolean {
  const codings = headerValues(rawHeaders, 'transfer-encoding');
  if (codings.length === 0) return httpVersion === '1.1' || httpVersion === '1.0';
  return httpVersion === '1.1' && codings.length === 1 && codings[0]?.toLowerCase() === 'chunked';
}

/**
 * A web page must not reach what listens on loopback: no foreign Host (DNS rebinding), no foreign Origin, nothing
 * that the browser itself calls cross-site.
 *
 * @param host the Host header, or the authority of an absolute form
 */
export function checkBrowser(
  raw: RawHeaders,
  host: string | undefined,
  allowedHosts: readonly string[],
): Failure | undefined {
  if (host !== undefined) {
    const authority = parseAuthority(host, 80);
    if (authority === undefined) return malformed();
    if (!isTrustedName(authority.host, allowedHosts)) return denied();
  }
  const origins = headerValues(raw, 'origin');
  const isForeign =
    origins.length > 1 ||
    origins.some((origin) => !isTrustedOrigin(origin, allowedHosts)) ||
    hasHeader(raw, 'sec-fetch-site', (site) => site === 'cross-site');
  return isForeign ? denied() : undefined;
}

function isTrustedOrigin(origin: string, allowedHosts: readonly string[]): boolean {
  const written = /^https?:\/\/(\[[^\]]*\]|[^:/?#]*)(?::\d+)?$/i.exec(origin)?.[1];
  const host = written === undefined ? undefined : normaliseHost(written);
  return host !== undefined && isTrustedName(host, allowedHosts);
}

function isTrustedName(host: string, allowedHosts: readonly string[]): boolean {
  return isLoopbackHost(host) || allowedHosts.includes(host);
}

function malformed(): Failure {
  return new Failure('request_malformed', 'request');
}

function misdirected(): Failure {
  return new Failure('request_malformed', 'request', undefined, {
    sentence: 'the request is for another host or port than the CONNECT that it came in',
    hint: 'open a CONNECT for each authority (RFC 9110 section 15.5.20)',
    status: 421,
  });
}

function denied(): Failure {
  return new Failure('policy_denied', 'request', undefined, {
    sentence: 'the Host, Origin or site of the request is not one that this sidecar answers to',
    hint: 'call it by 127.0.0.1 or localhost, or add the host name to mcp_tls_sidecar.allowed_hosts',
  });
}

import { hasHeader, headerValues, isNamed, notableAmong, type RawHeaders } from '../upstream/raw-headers.ts';

/** Names that concern one connection only (RFC 9110 section 7.6.1), and those of an upgrade to h2c. */
const hopByHop = ['connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade', 'http2-settings'];

/** Names of headers that do not pass, and all that begin with `proxy-`. */
class Dropped {
  readonly #names: readonly string[];
  readonly #notable: (name: string) => string | undefined;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#notable = notableAmong(names);
  }

  has(name: string): boolean {
    const mayBeProxy = (name.charCodeAt(0) | 0x20) === 0x70;
    const lower = mayBeProxy ? name.toLowerCase() : this.#notable(name);
    return lower !== undefined && (this.#names.includes(lower) || lower.startsWith('proxy-'));
  }
}

/** Ours to say or to answer: Host is the upstream authority, 100 Continue is sent by us, request trailers end here. */
const ofRequests = new Dropped([...hopByHop, 'host', 'expect', 'trailer']);

/** What would make the client leave the sidecar: HSTS and Alt-Svc speak of the upstream origin. */
const ofResponses = new Dropped([...hopByHop, 'strict-transport-security', 'alt-svc']);

/** The headers of the upstream request. */
export function requestHeaders(raw: RawHeaders, host: string, via: string): string[] {
  const headers = ['Host', host];
  pass(raw, ofRequests, headers);
  headers.push('Via', `1.1 ${via}`);
  return headers;
}

/** Upstream headers that ask for an unencoded response. */
export function withoutEncoding(headers: string[]): string[] {
  return [...mapHeader(headers, 'accept-encoding', () => undefined), 'Accept-Encoding', 'identity'];
}

/** The headers of the downstream response, before any rewriting. */
export function responseHeaders(raw: RawHeaders, via: string): string[] {
  const headers: string[] = [];
  pass(raw, ofResponses, headers);
  headers.push('Via', `1.1 ${via}`);
  return headers;
}

/** Adds what passes, in order. Content-Length is framing: no Connection header takes it away. */
function pass(raw: RawHeaders, dropped: Dropped, into: string[]): void {
  const listed = connectionTokens(raw);
  listed?.delete('content-length');
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (dropped.has(name) || listed?.has(name.toLowerCase()) === true) continue;
    into.push(name, raw[index + 1] ?? '');
  }
}

function connectionTokens(raw: RawHeaders): Set<string> | undefined {
  if (!hasHeader(raw, 'connection')) return undefined;
  let tokens: Set<string> | undefined;
  for (const value of headerValues(raw, 'connection')) {
    // The usual one, of which nothing follows: Keep-Alive never passes.
    if (value === 'keep-alive') continue;
    tokens ??= new Set();
    for (const token of value.split(',')) tokens.add(token.trim().toLowerCase());
  }
  return tokens;
}

/** Whether a message has been through the process of a pseudonym before (RFC 9110 section 7.6.3). */
export function hasPassedThrough(raw: RawHeaders, via: string): boolean {
  return hasHeader(raw, 'via', (value) => value.split(',').some((hop) => hop.trim().split(/\s+/)[1] === via));
}

/** Authentication that binds a connection, not a request: such a connection is never shared. */
export function bindsConnection(raw: RawHeaders, name: 'authorization' | 'www-authenticate'): boolean {
  return hasHeader(raw, name, (value) => /(?:^|,)\s*(?:ntlm|negotiate)\b/i.test(value));
}

/** A header's value replaced or, for undefined, removed. @param name in lower case */
export function mapHeader(raw: string[], name: string, map: (value: string) => string | undefined): string[] {
  if (!hasHeader(raw, name)) return raw;
  const mapped: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const key = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const next = isNamed(key, name) ? map(value) : value;
    if (next !== undefined) mapped.push(key, next);
  }
  return mapped;
}

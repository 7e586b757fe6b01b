import { domainToASCII } from 'node:url';
import { isIP, isIPv6 } from 'node:net';

/** A host and port in the one normal form that every route, the configuration and the metrics share. */
export interface Authority {
  /** Lower-case A-label name without a trailing dot, or an IP literal in canonical form (IPv6 without brackets). */
  readonly host: string;
  readonly port: number;
}

/**
 * Normalises a host as INTERFACE section 3 says: UTS 46, lower case, one trailing dot dropped, IP literals in
 * canonical form (so `127.1` and `0x7f.1` are `127.0.0.1`, as in the WHATWG URL standard).
 *
 * @param text a host name, an IPv4 literal or a bracketed IPv6 literal
 * @returns undefined for what is no host
 */
export function normaliseHost(text: string): string | undefined {
  if (text.startsWith('[')) return normaliseIpv6(text);
  // Percent-escapes and userinfo are legal in some URL forms, never in a host that we would dial.
  if (!/^[^\s\p{Cc}%@:/?#\\[\]]+$/u.test(text)) return undefined;
  // Dropped after the mapping, which makes a dot of an ideographic full stop.
  const ascii = domainToASCII(text).replace(/\.$/, '');
  if (ascii === '' || ascii.length > 253 || ascii.endsWith('.')) return undefined;
  if (isIP(ascii) === 4) return ascii;
  return ascii.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label))
    ? ascii
    : undefined;
}

function normaliseIpv6(text: string): string | undefined {
  const literal = /^\[([0-9A-Fa-f:.]+)\]$/.exec(text)?.[1];
  if (literal === undefined || !isIPv6(literal)) return undefined;
  return new URL(`http://[${literal}]/`).hostname.slice(1, -1);
}

/** What was parsed before, by the default port: the same few authorities come with every request. */
const parsed = new Map<number | undefined, Map<string, Authority | undefined>>();
const maxParsed = 1_000;
/** The last of them: to compare two texts takes less than to look one up. */
let last: { text: string; defaultPort: number | undefined; authority: Authority | undefined } | undefined;

/**
 * Parses `host`, `host:port` or `[v6]:port`.
 *
 * @param defaultPort the port when none is written; undefined makes the port mandatory
 * @returns the same object for the same text, as long as it is remembered
 */
export function parseAuthority(text: string, defaultPort?: number): Authority | undefined {
  if (last?.text === text && last.defaultPort === defaultPort) return last.authority;
  const authority = remembered(text, defaultPort);
  last = { text, defaultPort, authority };
  return authority;
}

function remembered(text: string, defaultPort: number | undefined): Authority | undefined {
  let known = parsed.get(defaultPort);
  if (known === undefined) parsed.set(defaultPort, (known = new Map<string, Authority | undefined>()));
  const found = known.get(text);
  if (found !== undefined || known.has(text)) return found;
  if (known.size >= maxParsed) known.clear();
  const authority = parse(text, defaultPort);
  // Nobody is to fill the memory with long ones.
  if (text.length < 300) known.set(text, authority);
  return authority;
}

function parse(text: string, defaultPort: number | undefined): Authority | undefined {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const host = normaliseHost(match[1] ?? '');
  const port = match[2] === undefined ? defaultPort : Number(match[2]);
  if (host === undefined || port === undefined || port < 1 || port > 65535) return undefined;
  return { host, port };
}

/** `host:port`, with brackets around an IPv6 literal. The key of maps and the form of logs. */
export function formatAuthority({ host, port }: Authority): string {
  return `${formatHost(host)}:${port}`;
}

/** The `Host` header of an authority (RFC 9110 section 7.2): the port only where it is not the scheme's own. */
export function formatHostHeader({ host, port }: Authority, protocol: 'http' | 'https'): string {
  return port === (protocol === 'https' ? 443 : 80) ? formatHost(host) : formatAuthority({ host, port });
}

/** A normalised host as it stands in a URL. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Whether a normalised host is this machine's loopback, which is where we listen. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

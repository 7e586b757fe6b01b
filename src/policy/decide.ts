import { formatHostHeader, type Authority } from '../authority.ts';
import { Failure, type FailureWords } from '../failure.ts';
import type { Policy } from './policy.ts';
import { inForce, type CompiledEntry, type Table } from './table.ts';
import { findUpstreamProxy, type ProxyRules, type UpstreamProxy } from './upstream-proxy.ts';

/** How an authority is reached. */
export interface Way {
  /** The metric label. */
  readonly server: string;
  readonly authority: Authority;
  /** The `Host` header of its requests. */
  readonly host: string;
  /** Whether an entry of the configuration covers the authority. */
  readonly listed: boolean;
  /** Undefined for plain http and for blind tunnels. */
  readonly policy: Policy | undefined;
  /** Undefined where it is dialled directly. */
  readonly proxy: UpstreamProxy | undefined;
  /** Equal for ways that mean the same: only those share connections and TLS sessions. */
  readonly key: string;
}

/** A refusal. */
export interface Refusal {
  readonly kind: 'refuse';
  /** The metric label. */
  readonly server: string;
  readonly failure: Failure;
}

/** What becomes of a request. */
export type Decision = (Way & { readonly kind: 'tls' | 'plain' }) | Refusal;

/** What becomes of a CONNECT. */
export type ConnectDecision =
  | (Way & { readonly kind: 'tunnel' })
  /** It ends here, on a leaf of the local CA where `secure`; what is inside is decided request by request. */
  | { readonly kind: 'terminate'; readonly server: string; readonly secure: boolean }
  | Refusal;

/** What a decision needs to know of the configuration. */
export interface Rules {
  readonly table: Table;
  readonly unlistedHosts: 'pass' | 'deny';
  readonly unlistedPlaintext: 'deny' | 'pass';
  readonly proxy: ProxyRules;
}

/** The label of requests that no entry covers. */
export const unlisted = 'unlisted';

/** The decision for a base-URL request, whose server is known by name. */
export function decideByName(rules: Rules, name: string): Decision {
  const compiled = rules.table.serverNamed(name);
  if (compiled?.entry.hasBaseUrl !== true) return refuse(unlisted, 'server_unknown');
  return decideByEntry(rules, compiled, compiled.entry.upstream.authority);
}

/**
 * The decision for a request in absolute form. An `http://` URL of a listed https host goes to its https authority:
 * the port given if that is listed, else the listed one; never plaintext where https is listed.
 *
 * @param request its path without the query; `secure` for the rare absolute form with https://
 */
export function decideByAuthority(
  rules: Rules,
  authority: Authority,
  request: { readonly path: string; readonly secure: boolean },
): Decision {
  const given = rules.table.find(authority);
  if (given.length > 0) {
    const decision = decideByEntry(rules, bestByPath(given, request.path), authority);
    // Who wrote https:// must not get plain http.
    return request.secure && decision.kind === 'plain' ? refuse(decision.server, 'policy_denied') : decision;
  }
  const ports = rules.table.httpsPorts(authority.host);
  const port = ports.length === 1 ? ports[0] : ports.find((one) => one === 443);
  if (port !== undefined) {
    const listed = { host: authority.host, port };
    return decideByEntry(rules, bestByPath(rules.table.find(listed), request.path), listed);
  }
  if (ports.length > 1)
    return refuse(unlisted, 'request_malformed', {
      sentence: `the host is listed with several https ports (${ports.join(', ')}), and the URL names none of them`,
      hint: 'write the port into the URL',
    });
  if (rules.unlistedPlaintext === 'deny' || request.secure) return refuse(unlisted, 'policy_denied');
  return makeWay(rules, { kind: 'plain', server: unlisted, authority, listed: false });
}

/**
 * The decision for a CONNECT. A listed authority ends here, whatever its entry's protocol; port 80 of a host that is
 * listed with https does so for the plaintext that some clients send inside; the rest is a blind tunnel or refused.
 *
 * @param isRemote for peers on other machines, who get listed authorities only and no client certificate of ours
 */
export function decideConnect(rules: Rules, authority: Authority, isRemote: boolean): ConnectDecision {
  const [compiled] = rules.table.find(authority);
  if (compiled !== undefined) {
    const { entry } = compiled;
    if (entry.kind === 'host' && entry.action === 'tunnel')
      return makeWay(rules, { kind: 'tunnel', server: entry.name, authority, listed: true });
    const decision = guardIdentity(decideByEntry(rules, compiled, authority), isRemote);
    if (decision.kind === 'refuse') return decision;
    return { kind: 'terminate', server: decision.server, secure: decision.kind === 'tls' };
  }
  const isPlain = authority.port === 80;
  if (isPlain && rules.table.httpsPorts(authority.host).length > 0) {
    const decision = guardIdentity(
      decideByAuthority(rules, authority, { path: '/', secure: false }),
      isRemote,
    );
    return decision.kind === 'refuse'
      ? decision
      : { kind: 'terminate', server: decision.server, secure: false };
  }
  if (isRemote || (isPlain ? rules.unlistedPlaintext : rules.unlistedHosts) === 'deny')
    return refuse(unlisted, 'policy_denied');
  return makeWay(rules, { kind: 'tunnel', server: unlisted, authority, listed: false });
}

/**
 * The decision for a request inside a terminated CONNECT, by the configuration of now: what is no longer listed is
 * refused, for the client has our certificate in its hands and no tunnel.
 */
export function decideInside(
  rules: Rules,
  authority: Authority,
  request: { readonly path: string; readonly secure: boolean; readonly isRemote: boolean },
): Decision {
  const listed = rules.table.find(authority).length > 0;
  const byHttps = !request.secure && rules.table.httpsPorts(authority.host).length > 0;
  if (!listed && !byHttps) return refuse(unlisted, 'policy_denied');
  return guardIdentity(decideByAuthority(rules, authority, request), request.isRemote);
}

function guardIdentity(decision: Decision, isRemote: boolean): Decision {
  return isRemote && decision.kind === 'tls' && decision.policy?.hasIdentity === true
    ? refuse(decision.server, 'policy_denied', identityIsLocal)
    : decision;
}

/** Whether what goes by a way of a key would still go by it: if not, its warm connections and sessions are of no further use. */
export function isInForce(rules: Rules, authority: Authority, key: string): boolean {
  const { proxy } = findUpstreamProxy(rules.proxy, authority);
  const found = rules.table.find(authority);
  if (found.length > 0) return found.some((one) => keyOf(one.entry, inForce(one), proxy) === key);
  const passes = authority.port === 80 ? rules.unlistedPlaintext : rules.unlistedHosts;
  if (passes === 'pass' && key === wayKey(tunnelKey, proxy)) return true;
  return rules.unlistedPlaintext === 'pass' && key === wayKey(plainKey, proxy);
}

/** In place of a policy's key, for plain http. */
const plainKey = 'plain';
/** In place of a policy's key, for blind tunnels. */
const tunnelKey = 'tunnel';

function wayKey(policyKey: string, proxy: UpstreamProxy | undefined): string {
  return proxy === undefined ? policyKey : `${policyKey}|via ${proxy.key}`;
}

function keyOf(
  entry: CompiledEntry['entry'],
  { state, policy }: ReturnType<typeof inForce>,
  proxy: UpstreamProxy | undefined,
): string | undefined {
  const action = entry.kind === 'host' ? entry.action : 'verify';
  if (state === 'unusable' || action === 'deny') return undefined;
  return wayKey(action === 'tunnel' ? tunnelKey : (policy?.key ?? plainKey), proxy);
}

function makeWay<Kind extends 'tls' | 'plain' | 'tunnel'>(
  rules: Rules,
  to: { kind: Kind; server: string; authority: Authority; listed: boolean; policy?: Policy },
): (Way & { readonly kind: Kind }) | Refusal {
  const { usable, proxy } = findUpstreamProxy(rules.proxy, to.authority);
  if (!usable) return refuse(to.server, 'configuration_unusable', unusableProxy);
  const key = wayKey(to.kind === 'tunnel' ? tunnelKey : (to.policy?.key ?? plainKey), proxy);
  const host = formatHostHeader(to.authority, to.policy === undefined ? 'http' : 'https');
  return { ...to, host, policy: to.policy, proxy, key };
}

/** The last decision for an entry, and what it rests on. */
interface Decided {
  readonly rules: Rules;
  readonly authority: Authority;
  readonly state: CompiledEntry['state'];
  readonly policy: Policy | undefined;
  readonly decision: Decision;
}

/** Most requests for an entry are decided as the one before. */
const decided = new WeakMap<CompiledEntry, Decided>();

function decideByEntry(rules: Rules, compiled: CompiledEntry | undefined, authority: Authority): Decision {
  if (compiled === undefined) return refuse(unlisted, 'policy_denied');
  const { state, policy } = inForce(compiled);
  const last = decided.get(compiled);
  if (last?.rules === rules && last.authority === authority && last.state === state && last.policy === policy)
    return last.decision;
  const decision = decideAnew(rules, { ...compiled, state, policy }, authority);
  decided.set(compiled, { rules, authority, state, policy, decision });
  return decision;
}

function decideAnew(rules: Rules, { entry, state, policy }: CompiledEntry, authority: Authority): Decision {
  if (entry.kind === 'host' && entry.action !== 'verify')
    return refuse(entry.name, 'policy_denied', entry.action === 'deny' ? denied : tunnelOnly);
  if (state === 'unusable') return refuse(entry.name, 'configuration_unusable');
  const to = { server: entry.name, authority, listed: true };
  return makeWay(rules, policy === undefined ? { ...to, kind: 'plain' } : { ...to, kind: 'tls', policy });
}

const denied: FailureWords = {
  sentence: 'the configuration denies this host',
  hint: 'the entry of mcp_tls_sidecar.hosts says deny: change it there if the host is to be reached',
};
const tunnelOnly: FailureWords = {
  sentence: 'the configuration has this host as a blind tunnel, which only a CONNECT opens',
  hint: 'use HTTPS_PROXY with an https:// URL, or give the entry of mcp_tls_sidecar.hosts an ssl_verify',
};
const identityIsLocal: FailureWords = {
  sentence: 'its entry has a client certificate, which is not lent to clients on other machines',
  hint: 'run a sidecar beside the client',
};
const unusableProxy: FailureWords = {
  sentence: 'the trust for the https upstream proxy cannot be used',
  hint: 'run mcp-tls-sidecar check beside the sidecar: it names the file and the line',
};

/** Of servers that share an authority: the one whose url path is the longest prefix of the request's, else the first. */
function bestByPath(candidates: readonly CompiledEntry[], path: string): CompiledEntry | undefined {
  let best = candidates[0];
  let bestLength = -1;
  for (const candidate of candidates) {
    if (candidate.entry.kind !== 'server') continue;
    const prefix = candidate.entry.upstream.path;
    if (isPathPrefix(prefix, path) && prefix.length > bestLength) {
      best = candidate;
      bestLength = prefix.length;
    }
  }
  return best;
}

function isPathPrefix(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

function refuse(
  server: string,
  reason: 'server_unknown' | 'request_malformed' | 'policy_denied' | 'configuration_unusable',
  words?: FailureWords,
): Refusal {
  return { kind: 'refuse', server, failure: new Failure(reason, 'policy', undefined, words) };
}

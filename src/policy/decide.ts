import type { Authority } from '../authority.ts';
import { Failure, type FailureWords } from '../failure.ts';
import type { Policy } from './policy.ts';
import type { CompiledEntry, Table } from './table.ts';

/** How an authority is reached. `server` is the metric label. */
export type Decision =
  | {
      readonly kind: 'tls';
      readonly server: string;
      readonly authority: Authority;
      readonly listed: true;
      readonly policy: Policy;
    }
  | {
      readonly kind: 'plain';
      readonly server: string;
      readonly authority: Authority;
      readonly listed: boolean;
    }
  | { readonly kind: 'refuse'; readonly server: string; readonly failure: Failure };

/** What a decision needs to know of the configuration. */
export interface DecisionContext {
  readonly table: Table;
  readonly unlistedPlaintext: 'deny' | 'pass';
}

/** The label of requests that no entry covers. */
export const unlisted = 'unlisted';

/** The decision for a base-URL request, whose server is known by name. */
export function decideByName(context: DecisionContext, name: string): Decision {
  const compiled = context.table.serverNamed(name);
  if (compiled?.entry.hasBaseUrl !== true) return refuse(unlisted, 'server_unknown');
  return decideByEntry(compiled, compiled.entry.upstream.authority);
}

/**
 * The decision for a request in absolute form. An `http://` URL of a listed https host goes to its https authority:
 * the port given if that is listed, else the listed one; never plaintext where https is listed.
 *
 * @param request its path without the query; `secure` for the rare absolute form with https://
 */
export function decideByAuthority(
  context: DecisionContext,
  authority: Authority,
  request: { readonly path: string; readonly secure: boolean },
): Decision {
  const given = context.table.find(authority);
  if (given.length > 0) {
    const decision = decideByEntry(bestByPath(given, request.path), authority);
    // Who wrote https:// must not get plain http.
    return request.secure && decision.kind === 'plain' ? refuse(decision.server, 'policy_denied') : decision;
  }
  const ports = context.table.httpsPorts(authority.host);
  const port = ports.length === 1 ? ports[0] : ports.find((one) => one === 443);
  if (port !== undefined) {
    const listed = { host: authority.host, port };
    return decideByEntry(bestByPath(context.table.find(listed), request.path), listed);
  }
  if (ports.length > 1)
    return refuse(unlisted, 'request_malformed', {
      sentence: `the host is listed with several https ports (${ports.join(', ')}), and the URL names none of them`,
      hint: 'write the port into the URL',
    });
  if (context.unlistedPlaintext === 'deny' || request.secure) return refuse(unlisted, 'policy_denied');
  return { kind: 'plain', server: unlisted, authority, listed: false };
}

/**
 * Whether requests for an authority would still go by a policy: if not, its warm connections and sessions are of no
 * further use.
 *
 * @param policyKey `plain` for plain http
 */
export function isInForce(context: DecisionContext, authority: Authority, policyKey: string): boolean {
  const found = context.table.find(authority);
  if (found.length === 0) return policyKey === plainKey && context.unlistedPlaintext === 'pass';
  return found.some(
    ({ entry, policy, state }) =>
      state !== 'unusable' &&
      !(entry.kind === 'host' && entry.action === 'deny') &&
      (policy?.key ?? plainKey) === policyKey,
  );
}

/** In place of a policy's key, for plain http. */
export const plainKey = 'plain';

function decideByEntry(compiled: CompiledEntry | undefined, authority: Authority): Decision {
  if (compiled === undefined) return refuse(unlisted, 'policy_denied');
  const { entry, policy } = compiled;
  if (entry.kind === 'host' && entry.action === 'deny')
    return refuse(entry.name, 'policy_denied', {
      sentence: 'the configuration denies this host',
      hint: 'the entry of mcp_tls_sidecar.hosts says deny: change it there if the host is to be reached',
    });
  if (compiled.state === 'unusable') return refuse(entry.name, 'configuration_unusable');
  if (policy !== undefined) return { kind: 'tls', server: entry.name, authority, listed: true, policy };
  return { kind: 'plain', server: entry.name, authority, listed: true };
}

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
): Decision {
  return { kind: 'refuse', server, failure: new Failure(reason, 'policy', undefined, words) };
}

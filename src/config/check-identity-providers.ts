import type { Authority } from '../authority.ts';
import { formatAuthority } from '../authority.ts';
import type { HostEntry, HostPattern, Position, ServerEntry, Settings } from './config.ts';
import { Fault } from './fault.ts';
import { findPair } from './located.ts';
import type { Located, LocatedPair } from './located.ts';
import type { Report } from './report.ts';
import type { Steps } from './steps.ts';
import { parseUpstreamUrl } from './upstream-url.ts';

/** Where LiteLLM's entries name hosts of an identity provider. */
const URL_KEYS = [
  'issuer',
  'authorization_url',
  'token_url',
  'registration_url',
  'token_exchange_endpoint',
  'id_jag_resource_token_endpoint',
] as const;

/** What was read, to be looked at as a whole. */
interface Entries {
  readonly servers: readonly ServerEntry[];
  readonly hosts: readonly HostEntry[];
  readonly settings: Pick<Settings, 'unlistedHosts'>;
}

/**
 * Warns of identity providers without an entry. They often stand behind the CA of their MCP server, and a policy is of
 * one host: by HTTPS_PROXY the provider would be a blind tunnel, in which the client fails as it did before the sidecar.
 * Where the server itself makes do with the default trust nothing says that its provider does not, so nothing is said.
 *
 * The host is not shown: values of LiteLLM's keys never are.
 *
 * @param writtenAs a server as it stands in the file
 */
export function* checkIdentityProviders(
  { servers, hosts, settings }: Entries,
  writtenAs: (name: string) => LocatedPair | undefined,
  report: Report,
): Steps<void> {
  const isDenied = settings.unlistedHosts === 'deny';
  const told = new Set<string>();
  const isListed = indexAuthorities(servers, hosts);
  for (const { name, sslVerify, spoiledBy } of servers) {
    yield;
    const hasOwnTrust = sslVerify.kind === 'path' || sslVerify.kind === 'pem';
    if (spoiledBy !== undefined || !(hasOwnTrust || isDenied)) continue;
    for (const { key, authority, position } of providersOf(writtenAs(name)?.value)) {
      const text = formatAuthority(authority);
      if (told.has(text) || isListed(authority)) continue;
      told.add(text);
      report.add({ severity: 'warning', position, ...(isDenied ? denied(key) : blind(key)) });
    }
  }
}

const blind = (key: string) => ({
  message: `the host of ${key} has no entry: this server's ssl_verify does not hold for it, and by CONNECT it is a blind tunnel`,
  hint: 'if the same CA is behind it, list the host under mcp_tls_sidecar.hosts with this ssl_verify; if not, list it there as tunnel',
});

const denied = (key: string) => ({
  message: `the host of ${key} has no entry, and unlisted_hosts: deny refuses its CONNECT`,
  hint: 'list the host under mcp_tls_sidecar.hosts, with an ssl_verify or as tunnel',
});

function providersOf(
  entry: Located | undefined,
): { key: string; authority: Authority; position: Position }[] {
  return URL_KEYS.flatMap((key) => {
    const value = findPair(entry, key)?.value;
    if (value?.kind !== 'scalar' || typeof value.value !== 'string') return [];
    // What is no URL is for LiteLLM to refuse, and plain http has no TLS to verify.
    const url = parseUpstreamUrl(value.value);
    if (url instanceof Fault || url.protocol !== 'https') return [];
    return [{ key, authority: url.authority, position: value.position }];
  });
}

function indexAuthorities(
  servers: readonly ServerEntry[],
  hosts: readonly HostEntry[],
): (authority: Authority) => boolean {
  let listed: Set<string> | undefined;
  return (authority) => {
    listed ??= new Set(servers.map(({ upstream }) => formatAuthority(upstream.authority)));
    return listed.has(formatAuthority(authority)) || hosts.some(({ pattern }) => covers(pattern, authority));
  };
}

function covers({ host, wildcard, port }: HostPattern, authority: Authority): boolean {
  if (port !== authority.port) return false;
  return wildcard ? authority.host.endsWith(`.${host}`) : authority.host === host;
}

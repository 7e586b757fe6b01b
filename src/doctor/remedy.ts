import { stringify } from 'yaml';
import { formatAuthority, formatHostHeader } from '../authority.ts';
import type { SslVerify } from '../config/config.ts';
import type { Subject } from './evidence.ts';

/** What to do: lines for the configuration, a message to send to the owner of the server, or anything else. */
export interface Remedy {
  readonly kind: 'yaml' | 'message' | 'do';
  readonly text: string;
}

/** Where the path of a CA file is for the user to fill in. */
export const someCaFile = '/etc/ssl/certs/corporate-ca.pem';

export function act(text: string): Remedy {
  return { kind: 'do', text };
}

/** A message that can be sent as it is: who reads it knows nothing of this sidecar. */
export function message(subject: Subject, fault: string, request: string): Remedy {
  const where = formatAuthority(subject.authority);
  return { kind: 'message', text: `TLS of ${where}: ${fault}. ${request}.` };
}

/** The entry of the subject with keys changed; where there is none, one to add. */
export function entryYaml(
  subject: Subject,
  keys: Readonly<Record<string, unknown>>,
  withUrl = false,
): Remedy {
  const { entry } = subject;
  const withAddress = entry === undefined || withUrl ? { ...addressKeys(subject), ...keys } : keys;
  const tree =
    entry?.kind === 'host'
      ? { mcp_tls_sidecar: { hosts: { [entry.name]: keys } } }
      : { mcp_servers: { [entry?.name ?? newName(subject)]: withAddress } };
  return { kind: 'yaml', text: stringify(tree, { lineWidth: 0 }).trimEnd() };
}

/** Where the real address stands, which may not be where the clients of the same file read theirs. */
function addressKeys(subject: Subject): object {
  const { entry } = subject;
  const url = urlOf(subject);
  return entry?.kind === 'server' && entry.hasUpstreamUrl ? { tls: { upstream_url: url } } : { url };
}

/** How `ssl_verify` is written, in one line; undefined for inline PEM. */
export function writtenTrust(sslVerify: SslVerify): string | boolean | undefined {
  switch (sslVerify.kind) {
    case 'default':
      return true;
    case 'off':
      return false;
    case 'path':
      return sslVerify.path;
    case 'pem':
      return undefined;
  }
}

/** The real address. */
export function urlOf({ authority, protocol, path }: Subject): string {
  return `${protocol}://${formatHostHeader(authority, protocol)}${path}`;
}

/** A name for a host that has no entry yet: legal in base URLs and metrics. */
export function newName({ authority }: Subject): string {
  const name = authority.host.replaceAll(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return name === '' || name === 'unlisted' ? 'my_mcp_server' : name;
}

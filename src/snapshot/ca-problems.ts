import type { CaFault } from '../ca/ca-fault.ts';
import { isPermitted } from '../ca/permitted-domains.ts';
import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { problemAt } from '../config/problem-at.ts';
import type { Problem } from '../config/problem.ts';

/** What is wrong with the local CA. It spoils the CONNECT route alone. */
export function caProblems(config: Config, faults: readonly CaFault[]): Problem[] {
  const { position } = config.settings.ca;
  return faults.map(({ severity, message, hint }) =>
    problemAt(config, { severity, position, message: `ca: ${message}`, hint }),
  );
}

/** The intercepted hosts for which the generated CA may not sign. */
export function unpermittedHosts(config: Config): Problem[] {
  const { brought, permittedDomains } = config.settings.ca;
  // Constraints of a CA that was brought are not ours to know.
  if (brought !== undefined) return [];
  return [...config.servers, ...config.hosts].flatMap((entry) => {
    const host = interceptedHost(entry);
    if (host === undefined || isPermitted(host.replace(/^\*\./, ''), permittedDomains)) return [];
    return problemAt(config, {
      severity: 'error',
      position: config.settings.ca.position,
      message: `${entry.name}: ${host} lies outside of ca.permitted_domains, so that no CONNECT to it can be served`,
      hint: `add ${host.replace(/^\*\./, '')} to ca.permitted_domains`,
      entry: entry.name,
    });
  });
}

function interceptedHost(entry: ServerEntry | HostEntry): string | undefined {
  if (entry.spoiledBy !== undefined) return undefined;
  if (entry.kind === 'server')
    return entry.upstream.protocol === 'https' ? entry.upstream.authority.host : undefined;
  const { wildcard, host } = entry.pattern;
  return entry.action === 'verify' ? `${wildcard ? '*.' : ''}${host}` : undefined;
}

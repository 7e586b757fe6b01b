import { isIP } from 'node:net';
import type { PermittedDomain } from '../config/config.ts';
import { isInBlock } from '../ip-address.ts';
import { addressSubtree, nameConstraints, nameSubtree } from './extensions.ts';

/** Whether a leaf for a host (a normalised name or IP literal) is within `ca.permitted_domains`; empty: all are. */
export function isPermitted(host: string, domains: readonly PermittedDomain[]): boolean {
  return domains.length === 0 || domains.some((domain) => isWithin(host, domain));
}

function isWithin(host: string, domain: PermittedDomain): boolean {
  if (domain.kind === 'name')
    return isIP(host) === 0 && (host === domain.name || host.endsWith(`.${domain.name}`));
  return isInBlock(host, domain.block);
}

/**
 * The name constraints of the generated CA, undefined where it has none. A kind of name of which nothing is listed is
 * excluded whole, for to name constraints what is not mentioned is permitted.
 */
export function constraintsOf(domains: readonly PermittedDomain[]): Buffer | undefined {
  if (domains.length === 0) return undefined;
  const ordered = inOneOrder(domains);
  const names = ordered.flatMap((domain) => (domain.kind === 'name' ? [domain.name] : []));
  const blocks = ordered.flatMap((domain) => (domain.kind === 'addresses' ? [domain.block] : []));
  const hasFamily = (family: number) => blocks.some(({ address }) => isIP(address) === family);
  return nameConstraints(
    [...names.map((name) => nameSubtree(name)), ...blocks.map((block) => addressSubtree(block))],
    [
      ...(names.length === 0 ? [nameSubtree('')] : []),
      ...(hasFamily(4) ? [] : [addressSubtree({ address: '0.0.0.0', prefixLength: 0 })]),
      ...(hasFamily(6) ? [] : [addressSubtree({ address: '::', prefixLength: 0 })]),
    ],
  );
}

/** A list that says the same must make the same constraints: others cost clients the CA that they know. */
function inOneOrder(domains: readonly PermittedDomain[]): PermittedDomain[] {
  const textOf = (domain: PermittedDomain) =>
    domain.kind === 'name' ? domain.name : `${domain.block.address}/${domain.block.prefixLength}`;
  const byText = new Map(domains.map((domain) => [textOf(domain), domain]));
  return [...byText].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, domain]) => domain);
}

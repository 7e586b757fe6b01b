import { isIP } from 'node:net';
import type { PermittedDomain } from '../config/config.ts';
import { addressOctets, maskOctets } from './address-octets.ts';
import { addressSubtree, nameConstraints, nameSubtree } from './extensions.ts';

/** Whether a leaf for a host (a normalised name or IP literal) is within `ca.permitted_domains`; empty: all are. */
export function isPermitted(host: string, domains: readonly PermittedDomain[]): boolean {
  return domains.length === 0 || domains.some((domain) => isWithin(host, domain));
}

function isWithin(host: string, domain: PermittedDomain): boolean {
  if (domain.kind === 'name')
    return isIP(host) === 0 && (host === domain.name || host.endsWith(`.${domain.name}`));
  if (isIP(host) === 0) return false;
  const octets = addressOctets(host);
  const base = addressOctets(domain.block.address);
  const mask = maskOctets(base.length, domain.block.prefixLength);
  // As in X.509, an IPv4 block says nothing about IPv6, mapped addresses included.
  return (
    octets.length === base.length &&
    octets.every((octet, index) => ((octet ^ (base[index] ?? 0)) & (mask[index] ?? 0)) === 0)
  );
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
    [
      ...names.map((name) => nameSubtree(name)),
      ...blocks.map(({ address, prefixLength }) => addressSubtree(address, prefixLength)),
    ],
    [
      ...(names.length === 0 ? [nameSubtree('')] : []),
      ...(hasFamily(4) ? [] : [addressSubtree('0.0.0.0', 0)]),
      ...(hasFamily(6) ? [] : [addressSubtree('::', 0)]),
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

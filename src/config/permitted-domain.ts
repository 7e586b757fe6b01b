import { parseAddressBlock } from './address-block.ts';
import type { PermittedDomain } from './config.ts';
import { Fault } from './fault.ts';
import { normaliseBareHost } from './hosts.ts';

/** Reads an item of `ca.permitted_domains`: a name, which stands for all below it too, an address or a CIDR block. */
export function parsePermittedDomain(text: string): PermittedDomain | Fault {
  if (/^\*?\./.test(text)) {
    return new Fault(
      'has a leading dot or *.',
      'write example.com alone: a name stands for itself and for all names below it',
    );
  }
  const block = parseAddressBlock(text);
  if (block instanceof Fault) return block;
  if (block !== undefined) return { kind: 'addresses', block };
  const name = normaliseBareHost(text);
  if (name !== undefined) return { kind: 'name', name };
  return new Fault('is neither a host name nor an address', 'write example.com, 10.0.0.5 or 10.0.0.0/8');
}

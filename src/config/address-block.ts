import { isIP } from 'node:net';
import { addressOctets, maskOctets, type AddressBlock } from '../ip-address.ts';
import { Fault } from './fault.ts';
import { normaliseBareHost } from './hosts.ts';

/**
 * Reads an IP literal or a CIDR block: `10.0.0.0/8`, `fd00::/8`, `10.0.0.5`.
 *
 * @returns undefined for what begins with no address
 */
export function parseAddressBlock(text: string): AddressBlock | Fault | undefined {
  const [literal = '', length, ...more] = text.split('/');
  const address = normaliseBareHost(literal) ?? '';
  const family = isIP(address);
  if (family === 0 || more.length > 0) return undefined;
  const bits = family === 4 ? 32 : 128;
  if (length === undefined) return { address, prefixLength: bits };
  const prefixLength = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  if (prefixLength > bits) {
    return new Fault(
      `has no prefix length from 0 to ${bits}`,
      'write an address, or a block such as 10.0.0.0/8 or fd00::/8',
    );
  }
  const block = { address, prefixLength };
  const mask = maskOctets(block);
  if (addressOctets(address).every((octet, index) => (octet & ~(mask[index] ?? 0)) === 0)) return block;
  return new Fault(
    `has bits set beyond its prefix of ${prefixLength}, so that it is unclear what is meant`,
    'write the first address of the block, e.g. 10.0.0.0/8, or one address without a prefix',
  );
}

import { isIP } from 'node:net';
import type { AddressBlock } from './config.ts';
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
  if ((addressBits(address) & ((1n << BigInt(bits - prefixLength)) - 1n)) === 0n) {
    return { address, prefixLength };
  }
  return new Fault(
    `has bits set beyond its prefix of ${prefixLength}, so that it is unclear what is meant`,
    'write the first address of the block, e.g. 10.0.0.0/8, or one address without a prefix',
  );
}

/** An address in canonical form as a number. */
function addressBits(address: string): bigint {
  if (isIP(address) === 4) return joinBits(address.split('.').map(Number), 8n);
  const [head = '', tail] = address.split('::');
  const groups = (part = ''): number[] =>
    part === '' ? [] : part.split(':').map((group) => parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail)];
  return joinBits([...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right], 16n);
}

function joinBits(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((bits, part) => (bits << width) | BigInt(part), 0n);
}

import { isIP } from 'node:net';

/** A CIDR block; one address has all its bits. */
export interface AddressBlock {
  /** In canonical form. */
  readonly address: string;
  readonly prefixLength: number;
}

/** An IP literal as X.509 has it and as blocks are compared: 4 or 16 octets. */
export function addressOctets(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // URL writes any IPv6 literal as hexadecimal groups, with at most one `::`.
  const [head = '', tail = ''] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
  const all = [...groups(head), ...zeros, ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** The mask of a block, as long as its address. */
export function maskOctets({ address, prefixLength }: AddressBlock): Buffer {
  const bits = isIP(address) === 4 ? 32 : 128;
  const mask = '1'.repeat(prefixLength).padEnd(bits, '0');
  return Buffer.from((mask.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

/** Whether a host is an IP literal of a block. As in X.509, an IPv4 block says nothing of IPv6, mapped addresses included. */
export function isInBlock(host: string, block: AddressBlock): boolean {
  if (isIP(host) === 0 || isIP(host) !== isIP(block.address)) return false;
  const [octets, base, mask] = [addressOctets(host), addressOctets(block.address), maskOctets(block)];
  return octets.every((octet, index) => ((octet ^ (base[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}

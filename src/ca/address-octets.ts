import { isIP } from 'node:net';

/** An IP literal as X.509 has it: 4 or 16 octets. */
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
export function maskOctets(octets: number, prefixLength: number): Buffer {
  const bits = '1'.repeat(prefixLength).padEnd(octets * 8, '0');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

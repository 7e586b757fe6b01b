import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Authority } from '../authority.ts';

/** Link-local and metadata addresses (INTERFACE section 3): nothing there is an MCP server. */
const prohibited = new BlockList();
prohibited.addSubnet('169.254.0.0', 16, 'ipv4');
prohibited.addSubnet('fe80::', 10, 'ipv6');
prohibited.addSubnet('fd00:ec2::', 32, 'ipv6');
prohibited.addAddress('fd20:ce::254', 'ipv6');
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192'])
  prohibited.addAddress(address, 'ipv4');

/** Everything in IPv4 that reaches this machine without leaving it; 0.0.0.0 does on Linux and macOS. */
const local = new BlockList();
local.addSubnet('127.0.0.0', 8, 'ipv4');
local.addAddress('0.0.0.0', 'ipv4');
local.addAddress('::1', 'ipv6');
local.addAddress('::', 'ipv6');

/** Where an address may carry an IPv4 one: mapped, compatible, NAT64 (RFC 6052, RFC 8215) and 6to4 (RFC 3056). */
const embeddings: readonly { prefix: string; bits: number; offset: number }[] = [
  { prefix: '::ffff:0:0', bits: 96, offset: 6 },
  { prefix: '::ffff:0:0:0', bits: 96, offset: 6 },
  { prefix: '::', bits: 96, offset: 6 },
  { prefix: '64:ff9b::', bits: 96, offset: 6 },
  { prefix: '64:ff9b:1::', bits: 48, offset: 6 },
  { prefix: '2002::', bits: 16, offset: 1 },
];

/** What may be dialled: checked on the very address, so that no name and no spelling gets around it. */
export interface AddressGuard {
  /**
   * Whether an IP address must not be dialled for an authority.
   *
   * @param listed whether an entry of the configuration covers the authority: only one that is the very literal lifts
   *   the check, a request never does
   */
  prohibits(address: string, authority: Authority, listed: boolean): boolean;
}

/** @param listeners the ports on which this process itself listens, known once it does */
export function createAddressGuard(listeners: () => readonly number[]): AddressGuard {
  return {
    prohibits(address, authority, listed) {
      const plain = address.replace(/%.*$/, '');
      const forms = [plain, ...embeddedIpv4(plain)];
      if (listeners().includes(authority.port) && forms.some(isLocal)) return true;
      return forms.some((form) => contains(prohibited, form)) && !(listed && authority.host === plain);
    },
  };
}

function isLocal(address: string): boolean {
  if (contains(local, address)) return true;
  return Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === address));
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function embeddedIpv4(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const groups = expand(address);
  return embeddings
    .filter(({ prefix, bits }) => samePrefix(groups, expand(prefix), bits))
    .map(({ offset }) => {
      const [high = 0, low = 0] = groups.slice(offset, offset + 2);
      return [high >> 8, high & 255, low >> 8, low & 255].join('.');
    });
}

/** The eight 16-bit groups of an IPv6 address. */
function expand(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  if (tail === undefined) return parse(head);
  const [left, right] = [parse(head), parse(tail)];
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function samePrefix(groups: readonly number[], prefix: readonly number[], bits: number): boolean {
  return prefix.slice(0, bits / 16).every((group, index) => group === groups[index]);
}

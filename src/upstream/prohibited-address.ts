import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Authority } from '../authority.ts';
import { addressOctets, isInBlock, type AddressBlock } from '../ip-address.ts';

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
const embeddings: readonly { readonly block: AddressBlock; readonly offset: number }[] = [
  { block: { address: '::ffff:0:0', prefixLength: 96 }, offset: 12 },
  { block: { address: '::ffff:0:0:0', prefixLength: 96 }, offset: 12 },
  { block: { address: '::', prefixLength: 96 }, offset: 12 },
  { block: { address: '64:ff9b::', prefixLength: 96 }, offset: 12 },
  { block: { address: '64:ff9b:1::', prefixLength: 48 }, offset: 12 },
  { block: { address: '2002::', prefixLength: 16 }, offset: 2 },
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

/** The IPv4 addresses that an IPv6 one carries. */
function embeddedIpv4(address: string): string[] {
  if (isIP(address) !== 6) return [];
  const octets = addressOctets(address);
  return embeddings
    .filter(({ block }) => isInBlock(address, block))
    .map(({ offset }) => octets.subarray(offset, offset + 4).join('.'));
}

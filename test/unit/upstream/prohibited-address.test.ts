import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createAddressGuard } from '../../../src/upstream/prohibited-address.ts';

const guard = createAddressGuard(() => [8921, 9921]);
const named = { host: 'mcp.test', port: 443 };

describe('an address that is never dialled', () => {
  it.each([
    '169.254.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fe80::1',
    'febf::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '::ffff:100.100.100.200',
  ])('%s is prohibited for a name', (address) => {
    expect(guard.prohibits(address, named, true)).toBe(true);
  });

  it.each([
    '10.0.0.1',
    '127.0.0.1',
    '::1',
    '192.0.0.193',
    '169.253.255.255',
    'fec0::1',
    '2001:db8::1',
    '64:ff9b::a00:1',
  ])('%s is not', (address) => {
    expect(guard.prohibits(address, named, true)).toBe(false);
  });

  it('is lifted by an entry that is the very literal, not by a request that names it', () => {
    const literal = { host: '169.254.169.254', port: 80 };
    expect(guard.prohibits('169.254.169.254', literal, true)).toBe(false);
    expect(guard.prohibits('169.254.169.254', literal, false)).toBe(true);
    expect(guard.prohibits('::ffff:a9fe:a9fe', literal, true)).toBe(true);
  });

  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  it.each(['127.0.0.1', '127.9.9.9', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1', ...own])(
    'our own listener at %s is prohibited, and an entry does not lift it',
    (address) => {
      expect(guard.prohibits(address, { host: address, port: 8921 }, true)).toBe(true);
      expect(guard.prohibits(address, { host: 'mcp.test', port: 9921 }, true)).toBe(true);
      expect(guard.prohibits(address, { host: 'mcp.test', port: 8922 }, true)).toBe(
        address.startsWith('fe80'),
      );
    },
  );
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PermittedDomain } from '../../../src/config/config.ts';
import { generateCa } from '../../../src/ca/generated-ca.ts';
import { createSigners } from '../../../src/ca/lineage.ts';
import { mintLeaf } from '../../../src/ca/mint-leaf.ts';
import { isPermitted } from '../../../src/ca/permitted-domains.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { caInput, caSettings, dayMs, filesOf, leafKey, opensslVerify, permit, startCa } from './ca-world.ts';

const lists = {
  'one name': ['corp.test'],
  'two names': ['corp.test', 'other.test'],
  'a block of IPv4 addresses': ['10.1.0.0/16'],
  'a block of IPv6 addresses': ['2001:db8::/33'],
  'one address': ['10.1.2.3'],
  'a block within an octet': ['10.1.0.0/12'],
  'names and both kinds of addresses': ['corp.test', '10.1.0.0/16', '2001:db8::1'],
} as const;

const hosts = [
  ...[
    'corp.test',
    'mcp.corp.test',
    'a.b.corp.test',
    'notcorp.test',
    'corp.test.evil.test',
    'test',
    'other.test',
  ],
  ...['10.1.2.3', '10.1.2.4', '10.2.0.1', '10.16.0.1', '127.0.0.1'],
  ...['2001:db8::1', '2001:db8:8000::1', '::1', '::ffff:a01:203'],
];

describe.skipIf(toolMissing('openssl'))('OpenSSL refuses what the CA must not sign (needs openssl)', () => {
  it.each(Object.entries(lists))('where it is %s', async (_title, texts) => {
    const permitted = texts.map(permit);
    const ca = generateCa(Date.now(), permitted);
    for (const host of hosts) {
      const { chain } = mintLeaf({ ...ca, chain: [], published: [] }, host, leafKey(), Date.now());
      const said = await opensslVerify(ca.certificate.toString(), chain, { host });
      if (isListed(host, permitted)) expect(`${host} ${said}`).toBe(`${host} OK`);
      else expect(`${host} ${said}`).toMatch(/permitted subtree violation|excluded subtree violation/);
    }
  });

  it('where the successor signs under the old CA', async () => {
    const permitted = [permit('corp.test')];
    const nowMs = Date.now();
    const [current, successor] = [generateCa(nowMs, permitted), generateCa(nowMs, permitted)];
    const atMs = nowMs + 729 * dayMs;
    const signer = createSigners({ current, successor }, permitted)(atMs);
    expect(signer.chain).toHaveLength(1);
    for (const [host, said] of [
      ['mcp.corp.test', /^OK$/],
      ['mcp.other.test', /permitted subtree violation/],
      ['127.0.0.1', /excluded subtree violation/],
    ] as const) {
      const { chain } = mintLeaf(signer, host, leafKey(), atMs);
      expect(await opensslVerify(current.certificate.toString(), chain, { host, atMs })).toMatch(said);
      expect(await opensslVerify(successor.certificate.toString(), chain, { host, atMs })).toMatch(said);
    }
  });
});

describe('the sidecar mints no such leaf in the first place', () => {
  it.each(Object.entries(lists))('where the list is %s', (_title, texts) => {
    const permitted = texts.map(permit);
    for (const host of hosts)
      expect(`${host} ${isPermitted(host, permitted)}`).toBe(`${host} ${isListed(host, permitted)}`);
  });

  it('and says which setting keeps it from that', async () => {
    const { ca } = await startCa(caSettings({ permittedDomains: [permit('corp.test')] }));
    expect(ca.contextFor('mcp.other.test')).toEqual({
      severity: 'error',
      message: 'mcp.other.test lies outside of ca.permitted_domains',
      hint: 'add it to ca.permitted_domains',
    });
    expect(ca.contextFor('127.0.0.1')).toHaveProperty('severity');
    expect(ca.minted).toBe(0);
    expect(ca.contextFor('mcp.corp.test')).not.toHaveProperty('severity');
    expect(ca.minted).toBe(1);
  });

  it('and a list that says the same in another order, or twice, leaves the CA as it is', async () => {
    const permittedDomains = ['corp.test', '10.0.0.0/8', 'lab.test', 'fd00::/8'].map(permit);
    const settings = caSettings({ permittedDomains });
    const { ca, told } = await startCa(settings);
    const before = readFileSync(filesOf(settings).caFile, 'utf8');
    const reordered = [...permittedDomains.toReversed(), permit('lab.test')];
    await ca.refresh(caInput({ ...settings, permittedDomains: reordered }));
    expect(readFileSync(filesOf(settings).caFile, 'utf8')).toBe(before);
    expect(told).toEqual([]);
  });
});

/** Written down a second time, by hand, so that the code is not its own judge. */
function isListed(host: string, permitted: readonly PermittedDomain[]): boolean {
  const covered: Readonly<Record<string, readonly string[]>> = {
    'corp.test': ['corp.test', 'mcp.corp.test', 'a.b.corp.test'],
    'other.test': ['other.test'],
    '10.1.0.0/16': ['10.1.2.3', '10.1.2.4'],
    '10.1.0.0/12': ['10.1.2.3', '10.1.2.4', '10.2.0.1'],
    '10.1.2.3/32': ['10.1.2.3'],
    '2001:db8::/33': ['2001:db8::1'],
    '2001:db8::1/128': ['2001:db8::1'],
  };
  return permitted.some((one) => {
    const key = one.kind === 'name' ? one.name : `${one.block.address}/${one.block.prefixLength}`;
    return covered[key]?.includes(host);
  });
}

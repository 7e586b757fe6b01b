import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import { decideByAuthority, decideByName, decideConnect, type Rules } from '../../../src/policy/decide.ts';
import { createTable } from '../../../src/policy/table.ts';

const few = 100;
const many = 100_000;

/** Rules of so many servers; the first of them are the same whatever their number. */
function rulesOf(count: number): Rules {
  const bytes = Buffer.from('mcp_servers:\n  server-0:\n    url: http://server-0.corp.test:8080/mcp\n');
  const [model] = readConfig({ file: undefined, bytes, env: {} }).config?.servers ?? [];
  if (model === undefined) throw new Error('no server was read');
  const entries = Array.from({ length: count }, (_, index) => {
    const authority = { host: `server-${index}.corp.test`, port: 8080 };
    const entry = { ...model, name: `server-${index}`, upstream: { ...model.upstream, authority } };
    return { entry, state: 'usable' as const, policy: undefined };
  });
  const proxy = { proxy: undefined, noProxy: [] };
  return { table: createTable(entries), unlistedHosts: 'deny', unlistedPlaintext: 'deny', proxy };
}

const names = Array.from({ length: few }, (_, index) => `server-${index}`);
const hosts = names.map((name) => ({ host: `${name}.corp.test`, port: 8080 }));
const unknown = names.map((name) => ({ host: `${name}.a.b.c.elsewhere.test`, port: 443 }));

const lookups = {
  'by name': (rules: Rules) => names.filter((name) => decideByName(rules, name).kind === 'plain').length,
  'by name, unknown': (rules: Rules) =>
    names.filter((name) => decideByName(rules, `no-${name}`).kind === 'refuse').length,
  'by authority': (rules: Rules) =>
    hosts.filter((host) => decideByAuthority(rules, host, { path: '/', secure: false }).kind === 'plain')
      .length,
  'by authority, unknown': (rules: Rules) =>
    unknown.filter((host) => decideByAuthority(rules, host, { path: '/', secure: false }).kind === 'refuse')
      .length,
  'of a CONNECT': (rules: Rules) =>
    hosts.filter((host) => decideConnect(rules, host, false).kind === 'terminate').length,
};

/** The least of many: what else the machine does only adds to it. */
function nanoseconds(lookup: (rules: Rules) => number, rules: Rules): number {
  let least = Infinity;
  for (let round = 0; round < 200; round++) {
    const begunMs = performance.now();
    let found = 0;
    for (let again = 0; again < 5; again++) found += lookup(rules);
    least = Math.min(least, performance.now() - begunMs);
    expect(found).toBe(5 * few);
  }
  return (least * 1e6) / (5 * few);
}

describe('a lookup takes as long with a hundred thousand servers as with a hundred', () => {
  const [small, large] = [rulesOf(few), rulesOf(many)];

  it.each(Object.entries(lookups))('%s', (what, lookup) => {
    nanoseconds(lookup, small);
    const [withFew, withMany] = [nanoseconds(lookup, small), nanoseconds(lookup, large)];
    process.stdout.write(
      `a lookup ${what}: ${withFew.toFixed(0)} ns with ${few} servers, ${withMany.toFixed(0)} ns with ${many}\n`,
    );
    // In linear time it would be a thousandfold.
    expect(withMany / withFew).toBeLessThan(3);
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decideByAuthority, decideByName, decideConnect, type Rules } from '../../src/policy/decide.ts';
import { buildSnapshot } from '../../src/snapshot/build-snapshot.ts';
import { loadConfig } from '../../src/snapshot/load-config.ts';
import type { Bench, Figures, Row } from '../bench.ts';
import { ratios } from '../statistics.ts';
import { oneServer, ownDirectory, renderConfig } from '../subjects/sidecar.ts';
import { renderFigures } from './pairs.ts';

const few = 100;
const many = 100_000;
const host = (index: number) => `mcp-${index}.corp.example.com`;

/** The three decisions about the same hundred servers, and about hosts that are not listed, in this process. */
export const lookup: Row = {
  name: 'lookup',
  title: `a decision among ${few} and among ${many} entries`,
  async measure(bench) {
    const tables = [few, many].map(async (count) => [count, await rulesOf(bench, count)] as const);
    const figures: Figures = new Map([few, many].map((count) => [`${count} entries`, []]));
    const all = await Promise.all(tables);
    for (const [, rules] of all) nsPerDecision(rules);
    for (let round = 0; round < bench.rounds; round++)
      for (const [count, rules] of all) figures.get(`${count} entries`)?.push(nsPerDecision(rules));
    const values = ratios(figures.get(`${many} entries`), figures.get(`${few} entries`));
    return {
      findings: [
        { what: `a decision: ${many} entries / ${few}`, values, unit: 'x', target: { atMost: 1.5 } },
      ],
      details: renderFigures({ 'a decision, ns': figures }),
    };
  },
};

/** Of as many entries as wanted, all like one that was read from a file. */
async function rulesOf({ world }: Bench, count: number): Promise<Rules> {
  const file = join(ownDirectory(world.directory), 'config.yaml');
  writeFileSync(file, renderConfig(oneServer({ ...world, upstreamPort: 443 }), 'all'));
  const { snapshot } = await loadConfig({ file, env: {} });
  const [model] = snapshot?.config.servers ?? [];
  if (snapshot === undefined || model === undefined) throw new Error('the entry was not read');
  const servers = Array.from({ length: count }, (_, index) => {
    const upstream = { ...model.upstream, authority: { host: host(index), port: 443 } };
    return { ...model, name: `mcp-${index}`, upstream };
  });
  const config = { ...snapshot.config, servers };
  return (await buildSnapshot({ config, env: {}, previous: undefined })).rules;
}

const repeats = 300;
const request = { path: '/mcp', secure: false };

function nsPerDecision(rules: Rules): number {
  let decided = 0;
  const startedMs = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++)
    for (let index = 0; index < few; index++) {
      const listed = { host: host(index), port: 443 };
      const kinds = [
        decideByName(rules, `mcp-${index}`).kind,
        decideByAuthority(rules, listed, request).kind,
        decideConnect(rules, listed, false).kind,
        decideConnect(rules, { host: `other-${index}.example.com`, port: 443 }, false).kind,
      ];
      if (kinds.join() !== 'tls,tls,terminate,tunnel') throw new Error(`decided ${kinds.join()}`);
      decided += kinds.length;
    }
  return ((performance.now() - startedMs) * 1e6) / decided;
}

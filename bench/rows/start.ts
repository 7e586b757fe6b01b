import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startContender, type Bench, type Row } from '../bench.ts';
import { end, run } from '../processes.ts';
import { renderTable, type Finding } from '../render.ts';
import { spread } from '../statistics.ts';
import { floor, floors } from '../subjects/floor.ts';
import {
  oneServer,
  ownDirectory,
  renderConfig,
  runSidecar,
  untilReady,
  type Way,
} from '../subjects/sidecar.ts';

/** From exec to the line that says ready, the making of a CA included, less what a bare Node takes to start and end. */
export const start: Row = {
  name: 'start',
  title: 'exec to ready over bare `node -e 0`',
  async measure(bench) {
    const ways: readonly Way[] = bench.quick ? ['image', 'package'] : ['image', 'package', 'source'];
    const bare: number[] = [];
    const listening: number[] = [];
    const took: Record<Way, number[]> = { image: [], package: [], source: [] };
    for (let round = 0; round < bench.rounds; round++) {
      bare.push(await bareNode());
      listening.push(await floorListening(bench));
      for (const way of ways) took[way].push(await untilServing(bench, way));
    }
    const over = (values: readonly number[]) => values.map((one, round) => one - (bare[round] ?? Number.NaN));
    const findings = ways.map((way): Finding => {
      const what = `exec to ready over bare node, ${names[way]}`;
      const target = way === 'source' ? {} : { target: { atMost: 100 } };
      return { what, values: over(took[way]), unit: 'ms', ...target };
    });
    const what = `exec to listening over bare node, ${floors.http}`;
    return {
      findings: [...findings, { what, values: over(listening), unit: 'ms' }],
      details: renderTable(
        ['', 'ms'],
        [
          ['node -e 0', spread(bare)],
          [`listening, ${floors.http}`, spread(listening)],
          ...ways.map((way) => [`ready, ${names[way]}`, spread(took[way])]),
        ],
      ),
    };
  },
};

const names: Readonly<Record<Way, string>> = {
  image: 'as the image runs it',
  package: 'as the package runs it',
  source: 'from source',
};

async function bareNode(): Promise<number> {
  const startedMs = performance.now();
  await once(run(process.execPath, ['-e', '0'], 'proxy'), 'exit');
  return performance.now() - startedMs;
}

async function floorListening(bench: Bench): Promise<number> {
  const startedMs = performance.now();
  const { child } = await startContender(bench, floor('http'));
  const tookMs = performance.now() - startedMs;
  await end(child);
  return tookMs;
}

async function untilServing({ world }: Bench, way: Way): Promise<number> {
  const own = ownDirectory(world.directory);
  const servers = oneServer({ ...world, upstreamPort: world.fast.port });
  writeFileSync(join(own, 'config.yaml'), renderConfig(servers, 'failures'));
  const startedMs = performance.now();
  const child = runSidecar(world.build, way, own);
  await untilReady(child);
  const tookMs = performance.now() - startedMs;
  await end(child);
  return tookMs;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import type { Bench, Row } from '../bench.ts';
import { pause, residentMb } from '../clocks.ts';
import { end } from '../processes.ts';
import { renderTable } from '../render.ts';
import { ratios, spread } from '../statistics.ts';
import { oneServer, startSidecar, type Servers, type SidecarSubject } from '../subjects/sidecar.ts';
import { startProbe, untilServed } from './probe.ts';

const size = { servers: 10_000, bundles: 50, certificates: 20 };
const inForceTimeoutMs = 60_000;

/** A new server is written into a large configuration while a client calls another one every 5 ms. */
export const reload: Row = {
  name: 'reload',
  title: `reload with ${size.servers} servers and ${size.bundles} bundles of ${size.certificates} certificates`,
  async measure(bench) {
    const { world, quick } = bench;
    const many = manyServers(world.directory);
    const one = oneServer({ ...world, upstreamPort: world.fast.port });
    const sidecar = await startSidecar(world, { ...many, ...one });
    const figures = { inForce: [] as number[], slowest: [] as number[], before: [] as number[] };
    await watch(sidecar, 1_000);
    // Before the first reload, and after each.
    const memoryMb = [await leastMemory(bench, sidecar)];
    for (let round = 0; round < Math.min(bench.rounds, quick ? 3 : 7); round++) {
      figures.before.push((await watch(sidecar, quick ? 1_500 : 4_000)).slowest);
      const added = Object.fromEntries(Object.values(one).map((entry) => [`added-${round}`, entry]));
      const probe = startProbe(sidecar.port, '/bench/mcp');
      const startedMs = performance.now();
      sidecar.writeServers({ ...many, ...one, ...added });
      await untilServed(sidecar.port, `/added-${round}/mcp`, inForceTimeoutMs);
      figures.inForce.push(performance.now() - startedMs);
      // What it leaves behind is cleared after it.
      await pause(quick ? 1_000 : 2_000);
      const { middle, slowest } = await probe.stop();
      figures.slowest.push(slowest - middle);
      memoryMb.push(await leastMemory(bench, sidecar));
    }
    const grown = ratios(memoryMb.slice(1), memoryMb);
    await end(sidecar.child);
    return {
      findings: [
        {
          what: 'reload, from the write until in force',
          values: figures.inForce,
          unit: 'ms',
          target: { atMost: 1000 },
        },
        {
          what: 'reload, the longest delay of a request',
          values: figures.slowest,
          unit: 'ms',
          target: { atMost: 50 },
        },
        { what: 'reload, memory after / before', values: grown, unit: 'x', target: { atMost: 1.1 } },
      ],
      details: renderTable(
        ['', ''],
        [
          ['in force after, ms', spread(figures.inForce)],
          ['slowest request while it reloads, over the median, ms', spread(figures.slowest)],
          ['slowest request in as long a time before, ms', spread(figures.before)],
          ['memory before, and after each, MB', memoryMb.map((mb) => mb.toFixed(0)).join(', ')],
        ],
      ),
    };
  },
};

function manyServers(parent: string): Servers {
  const directory = join(parent, 'bundles');
  mkdirSync(directory);
  const common = Array.from({ length: size.certificates - 1 }, () => createCa().pem).join('');
  const bundles = Array.from({ length: size.bundles }, (_, index) => {
    const file = join(directory, `${index}.pem`);
    writeFileSync(file, createCa().pem + common);
    return file;
  });
  const entry = (index: number) => ({
    url: `https://mcp-${index}.corp.example.com/mcp`,
    ssl_verify: bundles[index % bundles.length] ?? '',
  });
  return Object.fromEntries(
    Array.from({ length: size.servers }, (_, index) => [`mcp-${index}`, entry(index)]),
  );
}

async function watch({ port }: SidecarSubject, ms: number): Promise<{ middle: number; slowest: number }> {
  const probe = startProbe(port, '/bench/mcp');
  await pause(ms);
  return probe.stop();
}

/** Under the light load that goes on, for that is what collects garbage. */
async function leastMemory({ quick }: Bench, sidecar: SidecarSubject): Promise<number> {
  const seen: number[] = [];
  for (let second = 0; second < (quick ? 2 : 5); second++) {
    await watch(sidecar, 1_000);
    seen.push(residentMb(sidecar.pid));
  }
  return Math.min(...seen);
}

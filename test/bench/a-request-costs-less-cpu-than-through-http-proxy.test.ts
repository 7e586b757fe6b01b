import { afterAll, expect, test } from 'vitest';
import type { Bench } from '../../bench/bench.ts';
import { cpuPerRequest } from '../../bench/rows/cpu.ts';
import { median, ratios, spread } from '../../bench/statistics.ts';
import { nodeProxy } from '../../bench/subjects/node-proxy.ts';
import { sidecar } from '../../bench/subjects/sidecar.ts';
import { createWorld, removeWorld, type World } from '../../bench/world.ts';

/**
 * The sidecar's CPU per request over that of http-proxy at which something is grossly wrong: twice what is normal.
 * A ratio of one run, for the machine is whatever it is; docs/benchmarks.md has the figures that are meant to be read.
 */
const grossRegression = 0.45;

let world: World | undefined;
afterAll(() => {
  if (world !== undefined) removeWorld(world.directory);
});

test(
  `a request costs less than ${grossRegression} times the CPU that it costs through http-proxy`,
  { timeout: 120_000 },
  async () => {
    world = await createWorld(0);
    const bench: Bench = {
      world,
      contenders: [sidecar('sidecar', 'failures'), nodeProxy('http-proxy')],
      rounds: 7,
      quick: true,
      running: new Map(),
    };
    const figures = await cpuPerRequest(bench, 1_500);
    const measured = ratios(figures.get('sidecar'), figures.get('http-proxy'));
    process.stdout.write(`CPU per request, sidecar / http-proxy: ${spread(measured)}\n`);
    expect(measured).toHaveLength(bench.rounds);
    expect(median(measured)).toBeLessThan(grossRegression);
  },
);

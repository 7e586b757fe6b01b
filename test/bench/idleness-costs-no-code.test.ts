import { afterAll, expect, test } from 'vitest';
import { oneServer, startSidecar } from '../../bench/subjects/sidecar.ts';
import { ask, createWorld, removeWorld, type World } from '../../bench/world.ts';
import { poll } from '../harness/poll.ts';

let world: World | undefined;
afterAll(() => {
  if (world !== undefined) removeWorld(world.directory);
});

/** V8 frees what an idle process has no use for, for the first time so long after its start; 30 s if it is not told otherwise. */
const freesMs = 8_000;

test('what V8 has optimised outlives the idleness that follows a load', { timeout: 120_000 }, async () => {
  world = await createWorld(0);
  const { build, fast, directory, caFile } = world;
  const flags = ['--trace-deopt', '--trace-gc', `--gc-memory-reducer-start-delay-ms=${freesMs}`];
  const sidecar = await startSidecar(
    { directory, build: { ...build, flags: [...build.flags, ...flags] } },
    oneServer({ upstreamPort: fast.port, caFile }),
  );
  let told = '';
  sidecar.child.stdout?.on('data', (text: string) => (told += text));
  const path = `${sidecar.prefix}/mcp`;
  // A load's connections end with it.
  await ask(world, { kind: 'post', port: sidecar.port, path, connections: 16, requests: 30_000 });
  // That of the sidecar itself, a second after its start, may have come amid the load.
  const before = told.length;
  await poll(() => told.includes('Mark-Compact (reduce)', before), { timeoutMs: 60_000 });
  const taken = told.slice(before).match(/reason: embedded weak objects cleared/g)?.length ?? 0;
  process.stdout.write(`optimised functions that idleness cost: ${taken}\n`);
  // All of them would be about 90.
  expect(taken).toBeLessThan(20);
});

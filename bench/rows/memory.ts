import { startContender, type Bench, type Figures, type Row } from '../bench.ts';
import { openFilesLimit, pause, residentMb } from '../clocks.ts';
import type { Subject } from '../contenders.ts';
import { end } from '../processes.ts';
import { renderTable, type Finding } from '../render.ts';
import { spread } from '../statistics.ts';
import { floor, floors } from '../subjects/floor.ts';
import { oneServer, startSidecar } from '../subjects/sidecar.ts';
import { ask } from '../world.ts';
import { renderFigures } from './pairs.ts';

/** Resident memory, of a new process each time: what was taken once never goes back all the way. */
export const memory: Row = {
  name: 'memory',
  title: 'memory, idle and per open SSE stream',
  async measure(bench) {
    const rounds = bench.quick ? 1 : Math.min(bench.rounds, 3);
    // Each stream takes a file on either side of the proxy.
    const streams = Math.min(bench.quick ? 1_000 : 5_000, Math.floor(openFilesLimit() / 2) - 300);
    const setting = { ...bench.world, upstreamPort: bench.world.fast.port };
    const idle: Finding[] = [];
    for (const way of ['image', 'source'] as const)
      idle.push({
        what: way === 'image' ? 'memory idle, as the image runs it' : 'memory idle, run from source',
        values: await measureIdle(bench, rounds, () => startSidecar(setting, oneServer(setting), { way })),
        unit: 'MB',
        ...(way === 'image' && { target: { atMost: 60 } }),
      });
    idle.push({
      what: `memory idle, ${floors.http}`,
      values: await measureIdle(bench, rounds, () => startContender(bench, floor('http'))),
      unit: 'MB',
    });
    const perStream = await measureStreams(bench, streams, rounds);
    const what = `memory per open SSE stream at ${streams}`;
    const kbOf = (name: string) => ({ values: perStream.get(name) ?? [], unit: 'kB' });
    return {
      findings: [
        ...idle,
        { what, ...kbOf('sidecar'), target: { atMost: 60 } },
        ...Object.values(floors).map((name) => ({ what: `${what}, ${name}`, ...kbOf(name) })),
      ],
      details: [
        renderTable(
          ['idle', 'MB'],
          idle.map((one) => [one.what, spread(one.values)]),
        ),
        renderFigures({ [`a stream of ${streams}, kB`]: perStream }),
      ].join('\n\n'),
    };
  },
};

async function measureIdle(
  { quick }: Bench,
  rounds: number,
  startOne: () => Promise<Subject>,
): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { child, pid } = await startOne();
    await pause(quick ? 2_000 : 5_000);
    values.push(residentMb(pid));
    await end(child);
  }
  return values;
}

const holders = ['sidecar', 'nginx', 'HAProxy', 'http-proxy', ...Object.values(floors)];

async function measureStreams(bench: Bench, streams: number, rounds: number): Promise<Figures> {
  const compared = bench.contenders.filter(({ name }) => holders.includes(name));
  const figures: Figures = new Map(compared.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const contender of compared) {
      const subject = await startContender(bench, contender, bench.world.server.port);
      figures.get(contender.name)?.push(await kbPerStream(bench, subject, streams));
      await end(subject.child);
    }
  return figures;
}

/** Over what it takes when it has just served its first requests. */
async function kbPerStream(
  { world }: Bench,
  { port, prefix, pid }: Subject,
  streams: number,
): Promise<number> {
  const to = { port, path: `${prefix}/mcp` };
  await ask(world, { kind: 'post', ...to, connections: 16, requests: 500 });
  const before = residentMb(pid);
  await ask(world, { kind: 'streams', port, path: `${prefix}/sse`, streams });
  await pause(1_000);
  const after = residentMb(pid);
  await ask(world, { kind: 'close' });
  return ((after - before) * 1000) / streams;
}

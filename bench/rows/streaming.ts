import { running, takeTurns, type Figures, type Row } from '../bench.ts';
import { cpuUs } from '../clocks.ts';
import { ask } from '../world.ts';
import { floors } from '../subjects/floor.ts';
import { against, renderFigures } from './pairs.ts';

const compared = ['sidecar', 'nginx', 'HAProxy', 'Envoy', 'http-proxy', ...Object.values(floors)];

/** By the clock and for each second of CPU, for the reason that `rate` gives. */
export const streaming: Row = {
  name: 'streaming',
  title: 'streaming throughput of a long body',
  async measure(bench) {
    const { world } = bench;
    const bytes = world.bulkBytes;
    const mebibytes = bytes / 2 ** 20;
    const perCpu: Figures = new Map();
    const byClock = await takeTurns(bench.rounds, await running(bench, compared), async (subject) => {
      const { name } = subject.contender;
      const before = cpuUs(subject.pid);
      const path = `${subject.prefix}/bulk`;
      const { durationMs } = await ask(world, { kind: 'bulk', port: subject.port, path, bytes });
      const seconds = (cpuUs(subject.pid) - before) / 1e6;
      perCpu.set(name, [...(perCpu.get(name) ?? []), mebibytes / seconds]);
      return (mebibytes / durationMs) * 1000;
    });
    const what = `a body of ${mebibytes} MiB`;
    const target = { atLeast: 0.7 };
    return {
      findings: [
        against(`${what}, MiB/s by the clock`, byClock, 'sidecar', 'nginx', target),
        against(`${what}, MiB per second of CPU`, perCpu, 'sidecar', 'nginx', target),
        ...Object.values(floors).map((floor) =>
          against(`${what}, MiB/s by the clock`, byClock, floor, 'nginx'),
        ),
      ],
      details: renderFigures({ 'MiB/s by the clock': byClock, 'MiB per second of CPU': perCpu }),
    };
  },
};

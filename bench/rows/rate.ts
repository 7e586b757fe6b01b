import { post, running, takeTurns, type Figures, type Row } from '../bench.ts';
import { cpuUs } from '../clocks.ts';
import { againstNginx, renderFigures } from './pairs.ts';

/**
 * As fast as 64 connections go. On a machine of two CPUs the client and the server have one, and are at their end
 * before a fast proxy is: so the rate by the clock, which flatters whoever is slower, stands beside the rate for each
 * second of CPU, which is what a whole core of the proxy's yields, and is held against the target too.
 */
export const rate: Row = {
  name: 'rate',
  title: 'requests/s on one core, 64 connections',
  async measure(bench) {
    const perCore: Figures = new Map();
    const used: Figures = new Map();
    const keep = (figures: Figures, name: string, value: number) =>
      figures.set(name, [...(figures.get(name) ?? []), value]);
    const byClock = await takeTurns(bench.rounds, await running(bench), async (subject) => {
      const { name } = subject.contender;
      const before = cpuUs(subject.pid);
      const { made, durationMs } = await post(bench, subject, 64, bench.quick ? 2_000 : 12_000);
      const seconds = (cpuUs(subject.pid) - before) / 1e6;
      keep(perCore, name, made / seconds);
      keep(used, name, (100 * seconds) / (durationMs / 1000));
      return (made / durationMs) * 1000;
    });
    const target = { atLeast: 0.65 };
    return {
      findings: [
        ...againstNginx('requests/s by the clock', byClock, target),
        ...againstNginx('requests per second of CPU', perCore, target),
      ],
      details: renderFigures({
        'requests/s by the clock': byClock,
        'of its core it used, %': used,
        'requests per second of CPU': perCore,
      }),
    };
  },
};

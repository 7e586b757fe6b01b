import { post, running, takeTurns, type Figures, type Row } from '../bench.ts';
import { quantile } from '../statistics.ts';
import { againstNginx, renderFigures } from './pairs.ts';

export const latency: Row = {
  name: 'latency',
  title: 'latency, 1 connection',
  async measure(bench) {
    const p99: Figures = new Map();
    const p50 = await takeTurns(bench.rounds, await running(bench), async (subject) => {
      const { tookUs } = await post(bench, subject, 1, bench.quick ? 500 : 2_000);
      const { name } = subject.contender;
      p99.set(name, [...(p99.get(name) ?? []), quantile(tookUs, 0.99)]);
      return quantile(tookUs, 0.5);
    });
    return {
      findings: [
        ...againstNginx('p50 latency, 1 connection', p50, { atMost: 1.3 }),
        ...againstNginx('p99 latency, 1 connection', p99, { atMost: 2 }),
      ],
      details: renderFigures({ 'p50, µs': p50, 'p99, µs': p99 }),
    };
  },
};

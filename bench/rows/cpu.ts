import { post, running, takeTurns, type Bench, type Figures, type Row } from '../bench.ts';
import { cpuUs } from '../clocks.ts';
import { against, againstNginx, renderFigures } from './pairs.ts';

export const cpu: Row = {
  name: 'cpu',
  title: 'CPU per request, 16 connections',
  async measure(bench) {
    const figures = await cpuPerRequest(bench, bench.quick ? 3_000 : 8_000);
    const what = 'CPU per request';
    return {
      findings: [
        ...againstNginx(what, figures, { atMost: 1.5 }),
        against(what, figures, 'sidecar', 'http-proxy', { atMost: 0.35 }),
        against(what, figures, 'sidecar, logging', 'http-proxy'),
        ...['http-proxy-3', 'HAProxy', 'Envoy', 'mitmproxy'].map((other) =>
          against(what, figures, 'sidecar', other),
        ),
      ],
      details: renderFigures({ 'CPU per request, µs': figures }),
    };
  },
};

/** CPU of the proxy's process, all its threads, over POSTs at 16 connections; µs a request. */
export async function cpuPerRequest(
  bench: Bench,
  requests: number,
  names?: readonly string[],
): Promise<Figures> {
  return takeTurns(bench.rounds, await running(bench, names), async (subject) => {
    const before = cpuUs(subject.pid);
    const { made } = await post(bench, subject, 16, requests);
    return (cpuUs(subject.pid) - before) / made;
  });
}

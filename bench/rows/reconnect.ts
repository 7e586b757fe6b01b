import type { Bench, Row } from '../bench.ts';
import { portOf, runProgram } from '../processes.ts';
import { renderTable, type Target } from '../render.ts';
import { median, ratios, spread } from '../statistics.ts';
import { startSidecar, oneServer } from '../subjects/sidecar.ts';
import { ask } from '../world.ts';

const roundTripMs = 20;

/**
 * A client that connects anew for every call, as many HTTP clients of MCP servers do: plain TCP to the sidecar, whose
 * connection upstream is warm, against TCP and a full handshake, verified, with the same server.
 */
export const reconnect: Row = {
  name: 'reconnect',
  title: 'client that connects anew for every call: direct TLS / base-URL route',
  async measure(bench) {
    const near = await measureAt(bench, bench.world.fast.port, bench.quick ? 100 : 300);
    const delay = runProgram('delay.ts', [String(bench.world.fast.port), String(roundTripMs)], 'rest');
    const far = await measureAt(bench, await portOf(delay), bench.quick ? 10 : 40);
    const finding = (where: string, { direct, ours }: Times, target: Target) => ({
      what: `connects anew, ${where}: direct TLS / sidecar`,
      values: ratios(direct, ours),
      unit: 'x faster',
      target,
    });
    return {
      findings: [
        finding('loopback', near, { atLeast: 3 }),
        finding(`${roundTripMs} ms of round trip`, far, { atLeast: 2.5 }),
      ],
      details: renderTable(
        ['a call, µs', 'direct TLS', 'sidecar'],
        [
          ['loopback', spread(near.direct), spread(near.ours)],
          [`${roundTripMs} ms of round trip to the server`, spread(far.direct), spread(far.ours)],
        ],
      ),
    };
  },
};

interface Times {
  readonly direct: number[];
  readonly ours: number[];
}

async function measureAt(bench: Bench, serverPort: number, calls: number): Promise<Times> {
  const { world } = bench;
  const setting = { ...world, upstreamPort: serverPort };
  const sidecar = await startSidecar(setting, oneServer(setting));
  const direct = { kind: 'anew', port: serverPort, path: '/mcp', caFile: world.caFile, calls } as const;
  const ours = { kind: 'anew', port: sidecar.port, path: '/bench/mcp', calls } as const;
  const times: Times = { direct: [], ours: [] };
  await ask(world, { ...ours, calls: 5 * calls });
  await ask(world, direct);
  for (let round = 0; round < bench.rounds; round++) {
    const taken = { direct: await ask(world, direct), ours: await ask(world, ours) };
    times.direct.push(median(taken.direct.tookUs));
    times.ours.push(median(taken.ours.tookUs));
  }
  sidecar.child.kill('SIGKILL');
  return times;
}

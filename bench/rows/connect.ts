import { startContender, type Row } from '../bench.ts';
import { cpuUs } from '../clocks.ts';
import { end, portOf, runProgram } from '../processes.ts';
import { renderTable } from '../render.ts';
import { median, ratios, spread } from '../statistics.ts';
import { floor, floors } from '../subjects/floor.ts';
import { oneServer, startSidecar } from '../subjects/sidecar.ts';
import { ask } from '../world.ts';

/**
 * What the CONNECT route costs a client that connects anew for every call: the CPU of the sidecar for the CONNECT, the
 * TLS handshake on its minted leaf and one call that it relays, against the CPU of a TLS server of Node's for the
 * handshake and the answer. Full handshakes with P-256 keys in both; the client does the same work in both.
 */
export const connect: Row = {
  name: 'connect',
  title: 'CONNECT route, new client connection to first answer: sidecar / TLS server',
  async measure(bench) {
    const { world } = bench;
    const setting = { ...world, upstreamPort: world.server.port };
    const sidecar = await startSidecar(setting, oneServer(setting));
    const calls = bench.quick ? 150 : 500;
    const job = { kind: 'anew', port: world.server.port, path: '/mcp', calls } as const;
    // On the CPU of the proxies: to wake a client on another CPU is a part of what each of them takes.
    const server = runProgram('upstream.ts', [world.certificateFile, world.keyFile, '0'], 'proxy');
    const direct = { ...job, port: await portOf(server), caFile: world.caFile };
    const ours = { ...job, caFile: sidecar.localCa, proxyPort: sidecar.port };
    const node = await startContender(bench, floor('http'), world.server.port);
    const least = { ...job, caFile: world.caFile, proxyPort: node.port };
    const figures = {
      direct: { cpu: [] as number[], took: [] as number[] },
      ours: { cpu: [] as number[], took: [] as number[] },
      least: { cpu: [] as number[], took: [] as number[] },
    };
    // The first rounds are for warming up.
    for (let round = -5; round < bench.rounds; round++)
      for (const [name, what, pid] of [
        ['direct', direct, server.pid ?? 0],
        ['ours', ours, sidecar.pid],
        ['least', least, node.pid],
      ] as const) {
        const before = cpuUs(pid);
        const { tookUs } = await ask(world, what);
        if (round < 0) continue;
        figures[name].cpu.push((cpuUs(pid) - before) / calls);
        figures[name].took.push(median(tookUs));
      }
    await Promise.all([sidecar.child, node.child, server].map(end));
    return {
      findings: [
        {
          what: 'CONNECT route, new connection, CPU: sidecar / TLS server',
          values: ratios(figures.ours.cpu, figures.direct.cpu),
          unit: 'x',
          target: { atMost: 1.5 },
        },
        {
          what: `CONNECT route, new connection, CPU: ${floors.http} / TLS server`,
          values: ratios(figures.least.cpu, figures.direct.cpu),
          unit: 'x',
        },
        {
          what: 'CONNECT route, new connection, time of a call: by the sidecar / direct',
          values: ratios(figures.ours.took, figures.direct.took),
          unit: 'x',
        },
      ],
      details: renderTable(
        ['a new connection and one call', 'CPU of the one that serves it, µs', 'time of a call, µs'],
        [
          ['direct TLS', spread(figures.direct.cpu), spread(figures.direct.took)],
          ['CONNECT through the sidecar', spread(figures.ours.cpu), spread(figures.ours.took)],
          [`CONNECT, ${floors.http}`, spread(figures.least.cpu), spread(figures.least.took)],
        ],
      ),
    };
  },
};

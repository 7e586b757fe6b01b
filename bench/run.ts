/**
 * `npm run bench -- [--quick] [--rounds N] [--only cpu,latency,…]`: the table of targets, and the figures behind it.
 * Proxies take turns round by round, so that what else the machine does meets all of them alike; a ratio is the median
 * of the ratios of each round.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, Row } from './bench.ts';
import { contenders, unavailable } from './contenders.ts';
import { end, pinning, pinOurselves } from './processes.ts';
import { renderFindings, type Finding } from './render.ts';
import { connect } from './rows/connect.ts';
import { cpu } from './rows/cpu.ts';
import { handshakes } from './rows/handshakes.ts';
import { inspection } from './rows/inspection.ts';
import { latency } from './rows/latency.ts';
import { lookup } from './rows/lookup.ts';
import { memory } from './rows/memory.ts';
import { rate } from './rows/rate.ts';
import { reconnect } from './rows/reconnect.ts';
import { reload } from './rows/reload.ts';
import { start } from './rows/start.ts';
import { streaming } from './rows/streaming.ts';
import { createWorld } from './world.ts';

const rows: readonly Row[] = [
  ...[cpu, latency, rate, streaming, reconnect, connect, handshakes, inspection],
  ...[memory, start, reload, lookup],
];

const usage = `usage: npm run bench [-- [--quick] [--rounds N] [--only ROW,…]]
rows: ${rows.map(({ name }) => name).join(', ')}`;
const values = readArguments();
const wanted = values.only?.split(',') ?? rows.map(({ name }) => name);
const unknown = wanted.filter((name) => !rows.some((row) => row.name === name));
const rounds = Number(values.rounds ?? (values.quick ? 5 : 9));
if (unknown.length > 0 || !(rounds >= 1)) {
  console.error(`error: there is no such row, or there are no such rounds\n${usage}`);
  process.exit(2);
}

pinOurselves();
const mebibyte = 2 ** 20;
const bench: Bench = {
  world: await createWorld(values.quick ? 128 * mebibyte : 1024 * mebibyte),
  contenders: contenders.filter(({ version }) => version !== undefined),
  rounds,
  quick: values.quick,
  running: new Map(),
};
const present = bench.contenders.map(({ name, version }) => `${name} ${version}`);
const missing = contenders.filter(({ version }) => version === undefined).map(({ name }) => name);
console.log(`Node ${process.version}, ${present.join(', ')}`);
console.log(`not measured: ${[...missing.map((name) => `${name} (not installed)`), unavailable].join(', ')}`);
console.log(`${cpus().length} CPUs (${cpus()[0]?.model ?? ''}); ${pinning}; ${rounds} rounds`);
console.log(`TLS with verification upstream for all; the server behind them: ${bench.world.fast.name}\n`);

const findings: Finding[] = [];
for (const row of rows.filter(({ name }) => wanted.includes(name))) {
  const startedMs = performance.now();
  const outcome = await row.measure(bench);
  findings.push(...outcome.findings);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(`## ${row.title} (${row.name}, ${seconds} s)\n`);
  if (outcome.details !== undefined) console.log(`${outcome.details}\n`);
}
console.log(`## Targets\n\n${renderFindings(findings)}`);
// An orderly end, for those that write a profile at it.
for (const { child } of bench.running.values()) await end(child);
process.exit();

function readArguments() {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const options = {
      help: flag,
      quick: flag,
      rounds: { type: 'string' },
      only: { type: 'string' },
    } as const;
    const { values } = parseArgs({ options });
    if (!values.help) return values;
    console.log(usage);
    process.exit();
  } catch (error) {
    console.error(`error: ${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

/**
 * `npm run bench -- [--rounds N] [--quick]`: the sidecar beside http-proxy and nginx, in rounds that take turns, so
 * that what else the machine does meets all of them alike. A ratio is the median of the ratios of each round.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCa } from '../certs-fixtures/create-ca.ts';
import { ask, cpuUs, end, pinning, portOf, residentKb, runModule } from './processes.ts';
import { measureInspection } from './handshakes.ts';
import { renderTable, spread, type Measured } from './render.ts';
import { contenders, type Contender, type Subject, type World } from './subjects.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds ?? (values.quick ? 5 : 10));
const size = values.quick
  ? { warmUp: 3_000, requests: 2_500, alone: 300, streams: 500, memoryRounds: 1, handshakeRounds: 9 }
  : { warmUp: 10_000, requests: 4_000, alone: 500, streams: 1_000, memoryRounds: 3, handshakeRounds: 41 };

const directory = mkdtempSync(join(tmpdir(), 'mcp-tls-sidecar-bench-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

const ca = createCa();
const leaf = ca.issue(['localhost', '127.0.0.1']);
const files = {
  ca: join(directory, 'ca.pem'),
  certificate: join(directory, 'leaf.pem'),
  key: join(directory, 'key.pem'),
};
writeFileSync(files.ca, ca.pem);
writeFileSync(files.certificate, leaf.chain);
writeFileSync(files.key, leaf.key);

const upstream = runModule('upstream.ts', [files.certificate, files.key], 'rest');
const world: World = { directory, upstreamPort: await portOf(upstream), caFile: files.ca };
const load = runModule('load.ts', [], 'rest');
const all = contenders();
const measured = new Map<string, Measured>(
  all.map(({ name }) => [name, { cpuUs: [], p50At1: [], p50At16: [], streamKb: [] }]),
);

console.log(`node ${process.version}, ${all.map(({ name, version }) => `${name} ${version}`).join(', ')}`);
console.log(
  `${cpus().length} CPUs (${cpus()[0]?.model ?? ''}); ${pinning}; TLS with verification upstream for all\n`,
);

await measureRequests();
await measureStreams();
console.log(renderTable(measured));
const inspection = await measureInspection(world.upstreamPort, world.caFile, size.handshakeRounds);
console.log(`\nCPU of a full handshake with the inspection of its chain / without: ${spread(inspection)}`);
process.exit();

async function measureRequests(): Promise<void> {
  const running: [Contender, Subject][] = [];
  for (const contender of all) {
    const subject = await contender.start(world);
    running.push([contender, subject]);
    await post(subject, 16, size.warmUp);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [{ name }, subject] of running) {
      const into = measured.get(name);
      const before = cpuUs(subject.child.pid ?? 0);
      into?.p50At16.push(await post(subject, 16, size.requests));
      into?.cpuUs.push((cpuUs(subject.child.pid ?? 0) - before) / size.requests);
      into?.p50At1.push(await post(subject, 1, size.alone));
    }
    console.log(
      `round ${round} of ${rounds}: ${all.map(({ name }) => `${name} ${measured.get(name)?.cpuUs.at(-1)?.toFixed(1)}`).join(', ')} µs CPU a request`,
    );
  }
  for (const [, { child }] of running) await end(child);
}

/** Memory never goes back all the way, so each measurement has a process of its own. */
async function measureStreams(): Promise<void> {
  for (let round = 1; round <= size.memoryRounds; round++) {
    for (const contender of all) {
      const subject = await contender.start(world);
      await post(subject, 16, size.warmUp);
      const pid = subject.child.pid ?? 0;
      const before = residentKb(pid);
      await ask(load, {
        kind: 'streams',
        port: subject.port,
        path: `${subject.prefix}/sse`,
        streams: size.streams,
      });
      measured.get(contender.name)?.streamKb.push((residentKb(pid) - before) / size.streams);
      await ask(load, { kind: 'close' });
      await end(subject.child);
    }
  }
}

async function post({ port, prefix }: Subject, connections: number, requests: number): Promise<number> {
  const { p50Us } = await ask(load, { kind: 'post', port, path: `${prefix}/mcp`, connections, requests });
  return p50Us ?? Number.NaN;
}

import { join } from 'node:path';
import type { Contender, Subject } from './contenders.ts';
import type { Finding } from './render.ts';
import { ask, type World } from './world.ts';

/** What a row of the table is measured with. */
export interface Bench {
  readonly world: World;
  /** Those that are installed here. */
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  /** Smaller numbers, for a run of minutes. */
  readonly quick: boolean;
  /** The proxies that run side by side, warmed up, each once for all rows that take turns with them. */
  readonly running: Map<string, Running>;
}

export interface Running extends Subject {
  readonly contender: Contender;
}

/** What a row has found out. */
export interface Outcome {
  readonly findings: readonly Finding[];
  /** The figures behind them; Markdown. */
  readonly details?: string;
}

export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly measure: (bench: Bench) => Promise<Outcome>;
}

/** Figures by the name of the proxy, one a round. */
export type Figures = Map<string, number[]>;

/** Requests until V8 has compiled what it will; at first one costs up to three times as much CPU, after 20,000 a tenth more. */
const warmUp = 50_000;

/** Those among the names that are installed, running and warm. */
export async function running(bench: Bench, names?: readonly string[]): Promise<Running[]> {
  const wanted = bench.contenders.filter(({ name }) => names?.includes(name) ?? true);
  const found: Running[] = [];
  for (const contender of wanted) {
    const known = bench.running.get(contender.name);
    const one = known ?? { ...(await startContender(bench, contender)), contender };
    if (known === undefined) await post(bench, one, 16, warmUp);
    bench.running.set(contender.name, one);
    found.push(one);
  }
  return found;
}

export function startContender({ world }: Bench, contender: Contender, port?: number): Promise<Subject> {
  return contender.start({
    directory: join(world.directory, contender.name.replaceAll(/\W+/g, '-')),
    upstreamPort: port ?? world.fast.port,
    caFile: world.caFile,
    certificateFile: world.certificateFile,
    keyFile: world.keyFile,
    build: world.build,
  });
}

/** Has each do the same in turn, round by round, so that what else the machine does meets all of them alike. */
export async function takeTurns(
  rounds: number,
  subjects: readonly Running[],
  measure: (subject: Running) => Promise<number>,
): Promise<Figures> {
  const figures: Figures = new Map(subjects.map(({ contender }) => [contender.name, []]));
  for (let round = 0; round < rounds; round++)
    for (const subject of subjects) figures.get(subject.contender.name)?.push(await measure(subject));
  return figures;
}

/** @returns how many were made, which is fewer for the slow, and how long each and all of them took */
export async function post({ world }: Bench, to: Running, connections: number, requests: number) {
  const made = Math.max(connections, Math.round(requests * to.contender.share));
  const job = { kind: 'post', port: to.port, path: `${to.prefix}/mcp`, connections, requests: made } as const;
  return { made, ...(await ask(world, job)) };
}

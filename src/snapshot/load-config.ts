import type { ListenAddress } from '../config/config.ts';
import type { Problem } from '../config/problem.ts';
import { readConfigInSlices } from '../config/read-config.ts';
import { digestPath } from '../trust/load-bundle.ts';
import { FileFault, readRegularFile } from '../trust/read-file.ts';
import { buildSnapshot } from './build-snapshot.ts';
import type { Snapshot } from './snapshot.ts';

/** Where a configuration comes from. */
export interface ConfigLocation {
  /** Undefined for the embedded default. */
  readonly file: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Unix milliseconds, for tests in which dates pass. */
  readonly now?: () => number;
  /** Where relative paths of `ca` start; left out, the working directory of the process. */
  readonly workingDirectory?: string;
  /** What the command line says in place of the file. */
  readonly overrides?: {
    readonly listen?: ListenAddress | undefined;
    readonly admin?: ListenAddress | undefined;
  };
}

/** A configuration read whole, with every file that it names. */
export interface LoadedConfig {
  /** Undefined where a problem refuses the whole file. */
  readonly snapshot: Snapshot | undefined;
  /** Errors and warnings, in the order of the file. */
  readonly problems: readonly Problem[];
  /** Every file that had a part in it, with a digest of what was there. */
  readonly inputs: ReadonlyMap<string, string>;
}

/** No entries, all defaults. */
const embeddedDefault = Buffer.from('{}\n');

/**
 * Reads the YAML file and every file it names. `serve`, `check` and each reload go through here, so that they cannot
 * differ. Nothing takes effect by it.
 *
 * @param previous the snapshot in force, at a reload
 */
export async function loadConfig(location: ConfigLocation, previous?: Snapshot): Promise<LoadedConfig> {
  const { file } = location;
  const read = file === undefined ? undefined : await readRegularFile(file);
  const inputs = new Map<string, string>();
  if (file !== undefined) inputs.set(file, read instanceof FileFault ? read.message : (read?.sha256 ?? ''));
  if (read instanceof FileFault) return refused([fileProblem(file ?? '', read)], inputs, previous);

  const { config, legible, problems } = await readConfigInSlices({
    ...location,
    now: location.now?.() ?? Date.now(),
    bytes: read?.bytes ?? embeddedDefault,
    previous: previous?.config,
  });
  if (legible === undefined) return refused(problems, inputs, previous);
  const snapshot = await buildSnapshot({ config: legible, env: location.env, previous, now: location.now });
  const all = [...problems, ...snapshot.problems].sort((a, b) => a.line - b.line || a.column - b.column);
  for (const [name, digest] of snapshot.files) if (!inputs.has(name)) inputs.set(name, digest);
  if (config === undefined) return refused(all, inputs, previous);
  return { snapshot, problems: all, inputs };
}

/** The files of the snapshot in force are watched on: what they hold now is all that there is to know of them. */
async function refused(
  problems: readonly Problem[],
  own: ReadonlyMap<string, string>,
  previous: Snapshot | undefined,
): Promise<LoadedConfig> {
  const others = [...(previous?.files.keys() ?? [])].filter((file) => !own.has(file));
  const digests = await Promise.all(others.map(async (file) => [file, await digestPath(file)] as const));
  return { snapshot: undefined, problems, inputs: new Map([...own, ...digests]) };
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error');
}

function fileProblem(file: string, fault: FileFault): Problem {
  return {
    severity: 'error',
    file,
    line: 0,
    column: 0,
    message: `the configuration ${fault.message}`,
    hint: fault.hint.replace('PEM file or a directory of PEM files', 'YAML file'),
    excerpt: undefined,
    entry: undefined,
  };
}

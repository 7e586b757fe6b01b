import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { checkNames, spoilConflicts } from './check-conflicts.ts';
import { checkIdentityProviders } from './check-identity-providers.ts';
import { checkTopKeys } from './check-keys.ts';
import type { Overrides } from './check-listeners.ts';
import { checkLitellmSettings } from './check-litellm.ts';
import type { Config } from './config.ts';
import { findPair, indexPairs } from './located.ts';
import type { LocatedMap } from './located.ts';
import { parseFile } from './parse-file.ts';
import type { Problem } from './problem.ts';
import { readHosts } from './read-hosts.ts';
import { readServers } from './read-servers.ts';
import { readSettings } from './read-settings.ts';
import { createReport } from './report.ts';
import type { ServerPart } from './server-part.ts';
import { inOneGo, inSlices } from './steps.ts';
import type { Steps } from './steps.ts';
import type { Report } from './report.ts';

/** A configuration file that is to be read. */
export interface ConfigSource {
  /** As it was named; undefined for the embedded default. */
  readonly file: string | undefined;
  readonly bytes: Buffer;
  readonly env: NodeJS.ProcessEnv;
  /** Where relative paths of `ca` start; left out, the working directory of the process. */
  readonly workingDirectory?: string;
  /** What the command line says in place of the file. */
  readonly overrides?: Overrides;
  /** What the dates of the file are compared with, for warnings; left out, the clock. */
  readonly now?: number;
  /** What was read before: what did not change of it is taken over. */
  readonly previous?: Config | undefined;
}

/**
 * Reads a configuration: pure, no file is opened. All problems are reported at once, in the order of the file;
 * `config` is undefined where one of them refuses the whole file.
 */
export function readConfig(source: ConfigSource): ReadFile {
  return inOneGo(readConfigSteps(source));
}

/** The same, without keeping anybody else waiting for long. */
export function readConfigInSlices(source: ConfigSource): Promise<ReadFile> {
  return inSlices(readConfigSteps(source));
}

/** What was made of a configuration file. */
export interface ReadFile {
  readonly config: Config | undefined;
  /** What could be made of a file even though it is refused, so that the files it names are looked at all the same. */
  readonly legible: Config | undefined;
  readonly problems: Problem[];
}

function* readConfigSteps(source: ConfigSource): Steps<ReadFile> {
  const parsed = yield* parseFile(source.bytes, source.previous?.parts ?? []);
  const report = createReport(source.file, parsed.excerptAt);
  for (const { fault, position } of parsed.faults) {
    report.add({ severity: 'error', position, message: fault.message, hint: fault.hint });
  }
  const entries = parsed.root && (yield* readEntries({ ...parsed, root: parsed.root }, source, report));
  const problems = report.sorted();
  if (entries === undefined) return { config: undefined, legible: undefined, problems };
  const sha256 = createHash('sha256').update(source.bytes).digest('hex');
  const legible = { file: source.file, sha256, ...entries, excerptAt: parsed.excerptAt, parts: parsed.parts };
  return { config: report.refusesFile() ? undefined : legible, legible, problems };
}

function* readEntries(
  { root, parts }: { root: LocatedMap; parts: readonly ServerPart[] },
  { file, env, overrides, workingDirectory = process.cwd(), now = Date.now() }: ConfigSource,
  report: Report,
): Steps<Pick<Config, 'servers' | 'hosts' | 'settings'>> {
  const folder = file === undefined ? workingDirectory : dirname(resolve(file));
  const reading = { report, env, folder, workingDirectory, now };
  checkTopKeys(root, report);
  checkLitellmSettings(root, report);
  const { settings, inherited, hosts: writtenHosts } = readSettings(root, overrides, reading);
  const read = yield* readServers(root, { inherited, settings, parts }, reading);
  const hosts = readHosts(writtenHosts, inherited, reading);
  const serverAs = indexPairs(findPair(root, 'mcp_servers')?.value);
  const hostAs = indexPairs(writtenHosts);
  yield;
  const servers = yield* spoilConflicts(read, (name) => serverAs(name)?.keyPosition, report);
  checkNames(servers, hosts, (name) => hostAs(name)?.keyPosition, report);
  yield;
  yield* checkIdentityProviders({ servers, hosts, settings }, serverAs, report);
  return { servers, hosts, settings };
}

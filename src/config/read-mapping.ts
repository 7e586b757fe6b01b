import type { z } from 'zod/mini';
import type { Position } from './config.ts';
import { substituteMap } from './environment.ts';
import { follow, pickKeys, toPlain, withoutPath } from './located.ts';
import type { Located, LocatedMap } from './located.ts';
import type { Problem } from './problem.ts';
import type { Report } from './report.ts';
import { faultOf } from './schema-values.ts';

/** What reading a file needs throughout. */
export interface Reading {
  readonly report: Report;
  readonly env: NodeJS.ProcessEnv;
  /** Relative paths start here, */
  readonly folder: string;
  /** and those of `ca` here. */
  readonly workingDirectory: string;
  /** What dates are compared with. */
  readonly now: number;
}

/** A mapping after reading; `value` is undefined where something in it refuses the file. */
export interface ReadMapping<Value> {
  readonly value: Value | undefined;
  /** The first problem that spoils the entry alone. */
  readonly spoiledBy: Problem | undefined;
}

/**
 * Reads the keys of a schema from a mapping. What comes from the environment is not of the file: inside an entry it
 * spoils that entry alone, and is then read as if it were not there.
 *
 * @param entry the entry that the mapping belongs to; undefined for settings
 */
export function readMapping<Schema extends z.ZodMiniObject>(
  schema: Schema,
  written: LocatedMap,
  { report, env }: Reading,
  entry: string | undefined,
): ReadMapping<z.output<Schema>> {
  let spoiledBy: Problem | undefined;
  const add = (position: Position, message: string, hint: string, own: string | undefined): void => {
    const problem = report.add({ severity: 'error', position, message, hint, entry: own });
    if (own !== undefined) spoiledBy ??= problem;
  };
  const ours = pickKeys(written, (key) => Object.hasOwn(schema.shape, key));
  let map: Located = substituteMap(ours, env, (variable, position, key) => {
    add(
      position,
      unsetMessage(variable, key),
      'set it where the sidecar is started, or write the value here',
      entry,
    );
  });
  for (;;) {
    const result = schema.safeParse(toPlain(map));
    if (result.success) return { value: result.data, spoiledBy };
    const faults = result.error.issues.flatMap(flattenUnion).map((issue) => locateIssue(issue, map));
    for (const { position, message, hint, variable } of faults) {
      add(position, message, hint, variable === undefined ? undefined : entry);
    }
    const foreign = faults.filter(({ variable }) => variable !== undefined);
    if (entry === undefined || foreign.length < faults.length) return { value: undefined, spoiledBy };
    for (const { path } of foreign) map = withoutPath(map, path);
  }
}

/** How an unset variable is told of. */
export function unsetMessage(variable: string, key: string): string {
  const namer = key === '' ? 'this value' : key;
  if (variable === '') return `${namer} names no variable after os.environ/`;
  return `${nameOf(variable)}, which ${namer} names, is not set`;
}

/** What follows os.environ/ is shown only where it is the name of a variable. */
function nameOf(variable: string): string {
  return /^\w{1,80}$/.test(variable) ? `environment variable ${variable}` : 'the environment variable';
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a union without words of its own, the option that came closest: the one that did not fail by its type. */
function flattenUnion(issue: z.core.$ZodIssue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.message.includes('\n')) return [issue];
  const options = issue.errors.map((issues) => issues.flatMap(flattenUnion));
  const closest =
    options.find((issues) => issues.some(({ path }) => path.length > 0)) ?? typed(issue, options);
  return (closest ?? []).map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
}

function typed({ errors }: z.core.$ZodIssueInvalidUnion, options: Issue[][]): Issue[] | undefined {
  const index = errors.findIndex((issues) => issues.every(({ code }) => code !== 'invalid_type'));
  return options[Math.max(index, 0)];
}

function locateIssue({ path, message }: Issue, map: Located) {
  const { position, variable } = follow(map, path);
  const fault = faultOf(message);
  const label = path.filter((step) => typeof step === 'string').join('.');
  const source = variable === undefined ? '' : ` (from ${nameOf(variable)})`;
  return { path, position, variable, message: `${label}${source} ${fault.message}`, hint: fault.hint };
}

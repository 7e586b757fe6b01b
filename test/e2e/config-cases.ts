import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

/** Where the cases are; their expected texts name the files as from there. */
export const caseFolder = fileURLToPath(new URL('../config-cases/', import.meta.url));

/** A configuration and the problems that it is expected to have, as text. */
export interface ConfigCase {
  readonly name: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly expected: readonly ExpectedProblem[];
}

export interface ExpectedProblem {
  /** As `check` prints it. */
  readonly text: string;
  readonly severity: string;
  /** 0 where the problem is with the file as a whole. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

export function configCases(): ConfigCase[] {
  return readdirSync(caseFolder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => {
      const name = file.slice(0, -'.yaml'.length);
      const read = (suffix: string) => readFileSync(`${caseFolder}${name}${suffix}`, 'utf8');
      const env = existsSync(`${caseFolder}${name}.env.json`) ? read('.env.json') : '{}';
      return {
        name,
        file,
        env: JSON.parse(env) as Record<string, string>,
        expected: parseProblems(read('.expected.txt')),
      };
    });
}

/** Reads problems as they are printed: blocks with an empty line in between. */
export function parseProblems(text: string): ExpectedProblem[] {
  return text
    .split('\n\n')
    .map((block) => block.replace(/\n$/, ''))
    .filter((block) => block !== '')
    .map((block) => {
      const first = /^(error|warning): [^:\n]+(?::(\d+):(\d+))?: (.*)$/m.exec(block);
      const hint = /\nhint: (.*)$/.exec(block);
      if (first === null || hint === null) throw new Error(`this is no problem: ${block}`);
      const [, severity = '', line = '0', column = '0', message = ''] = first;
      return {
        text: block,
        severity,
        line: Number(line),
        column: Number(column),
        message,
        hint: hint[1] ?? '',
      };
    });
}

/**
 * The cases name CA files that no machine has. What reading those files adds to the problems of the YAML itself is
 * this and nothing else.
 */
export function isMissingCa({ severity, message }: { severity: string; message: string }): boolean {
  return severity === 'error' && /^ssl_verify of \S+: \/\S+ does not exist$/.test(message);
}

/** Runs a task for each case, three at a time. What Node made of the sources is kept for the next process. */
export async function forEachCase(task: (one: ConfigCase) => Promise<void>): Promise<void> {
  const compiled = { NODE_COMPILE_CACHE: temporaryDirectory() };
  const waiting = configCases().map((one) => ({ ...one, env: { ...one.env, ...compiled } }));
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await task(next);
  };
  await Promise.all([work(), work(), work()]);
}

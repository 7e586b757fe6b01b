import type { Position } from './config.ts';
import type { Problem } from './problem.ts';

/** What one knows about a problem where it is found. */
export interface Finding {
  readonly severity: Problem['severity'];
  /** Undefined where the problem is with the file as a whole. */
  readonly position: Position | undefined;
  readonly message: string;
  readonly hint: string;
  /** The entry that this spoils alone; undefined where it refuses the file. */
  readonly entry?: string | undefined;
}

/** Collects the problems of one file, so that all are reported at once. */
export interface Report {
  add(finding: Finding): Problem;
  /** How often anything was added. */
  readonly found: number;
  /** In the order of the file, each once. */
  sorted(): Problem[];
  /** Whether an error was found that no single entry answers for. */
  refusesFile(): boolean;
}

/** The name that problems of the embedded default configuration carry. */
export const EMBEDDED_NAME = '(embedded default)';

/** Makes the problem of a finding; `excerptAt` masks what may be secret. */
export function toProblem(
  file: string | undefined,
  excerptAt: (position: Position) => string | undefined,
  { severity, position, message, hint, entry }: Finding,
): Problem {
  return {
    severity,
    file: file ?? EMBEDDED_NAME,
    line: position?.line ?? 0,
    column: position?.column ?? 0,
    message: printable(message),
    hint: printable(hint),
    excerpt: position === undefined ? undefined : excerptAt(position),
    entry,
  };
}

/** A report on one file. */
export function createReport(
  file: string | undefined,
  excerptAt: (position: Position) => string | undefined,
): Report {
  const problems = new Map<string, Problem>();
  let found = 0;
  return {
    get found() {
      return found;
    },
    add(finding) {
      found++;
      const problem = toProblem(file, excerptAt, finding);
      // One anchored value that several entries use is found several times.
      problems.set(JSON.stringify([problem.line, problem.column, problem.message]), problem);
      return problem;
    },
    sorted: () => [...problems.values()].sort((a, b) => a.line - b.line || a.column - b.column),
    refusesFile: () =>
      [...problems.values()].some(({ severity, entry }) => severity === 'error' && entry === undefined),
  };
}

/** A key may hold anything, and problems go to terminals: no control or direction characters. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

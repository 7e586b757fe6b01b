/** One thing that is wrong with the configuration, or (a warning) that may not be what its author meant. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** 1-based; 0 where the problem is with the file as a whole. */
  readonly line: number;
  /** 1-based; 0 where the problem is with the file as a whole. */
  readonly column: number;
  /** One sentence, lower case, no final dot; never a value that may be secret. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The source line with secrets as `…`; undefined where the problem is with the file as a whole. */
  readonly excerpt: string | undefined;
  /** The entry that this spoils alone; undefined where it refuses the file. */
  readonly entry: string | undefined;
}

/** A problem as `check --json`, the reload endpoint, `/api/servers` and `start()` show it. */
export function describeProblem({
  severity,
  file,
  line,
  column,
  message,
  hint,
}: Problem): Omit<Problem, 'excerpt' | 'entry'> {
  return { severity, file, line, column, message, hint };
}

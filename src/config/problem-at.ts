import type { Config } from './config.ts';
import type { Problem } from './problem.ts';
import { toProblem } from './report.ts';
import type { Finding } from './report.ts';

/** A problem that shows only after the file was read (a CA file that is missing, say), at its place in the file. */
export function problemAt(config: Config, finding: Finding): Problem {
  return toProblem(config.file, config.excerptAt, finding);
}

import type { Problem } from './problem.ts';

/** A problem as text, for people: what and where, the line in question, the remedy. */
export function renderProblem({ severity, file, line, column, message, hint, excerpt }: Problem): string {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return [
    `${severity}: ${place}: ${message}`,
    ...(excerpt === undefined ? [] : [excerpt]),
    `hint: ${hint}`,
  ].join('\n');
}

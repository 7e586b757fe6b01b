import { median, spread } from './statistics.ts';

/** What a figure has to be. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/** A line of the table: a figure of each round, and what it is held against. */
export interface Finding {
  readonly what: string;
  readonly values: readonly number[];
  /** Behind the figure: `x`, `MB`; nothing where the figure is a number of its own. */
  readonly unit?: string;
  readonly target?: Target;
}

export function renderFindings(findings: readonly Finding[]): string {
  const head = ['what', 'target', 'measured', ''];
  return renderTable(
    head,
    findings.map((finding) => [
      finding.what,
      renderTarget(finding),
      finding.values.length === 0 ? '' : `${spread(finding.values)}${unitOf(finding)}`,
      verdict(finding),
    ]),
  );
}

export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function renderTarget(finding: Finding): string {
  const { target } = finding;
  if (target === undefined) return '';
  return 'atMost' in target
    ? `at most ${target.atMost}${unitOf(finding)}`
    : `at least ${target.atLeast}${unitOf(finding)}`;
}

const unitOf = ({ unit }: Finding) => (unit === undefined ? '' : ` ${unit}`);

/** By the median of the rounds, as it is, not as it is rounded. */
export function verdict({ values, target }: Finding): string {
  if (values.length === 0) return 'not measured';
  if (target === undefined) return '';
  const value = median(values);
  return ('atMost' in target ? value <= target.atMost : value >= target.atLeast) ? 'met' : 'NOT MET';
}

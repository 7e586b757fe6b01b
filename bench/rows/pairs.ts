import type { Figures } from '../bench.ts';
import type { Finding, Target } from '../render.ts';
import { ratios, spread } from '../statistics.ts';
import { renderTable } from '../render.ts';
import { floors } from '../subjects/floor.ts';

/** Like with like: no line for a request that went well, and a line for each. */
const pairs = [
  ['sidecar', 'nginx'],
  ['sidecar, logging', 'nginx, logging'],
] as const;

/** The ratios to nginx, both pairs, and those of the floors. */
export function againstNginx(what: string, figures: Figures, target?: Target): Finding[] {
  return [
    ...pairs.map(([ours, theirs]) => against(what, figures, ours, theirs, target)),
    ...Object.values(floors).map((floor) => against(what, figures, floor, 'nginx')),
  ];
}

export function against(
  what: string,
  figures: Figures,
  ours: string,
  theirs: string,
  target?: Target,
): Finding {
  const values = ratios(figures.get(ours), figures.get(theirs));
  return { what: `${what}: ${ours} / ${theirs}`, values, unit: 'x', ...(target && { target }) };
}

/** The figures of all, a line each; columns by their titles. */
export function renderFigures(columns: Readonly<Record<string, Figures>>): string {
  const names = [...new Set(Object.values(columns).flatMap((figures) => [...figures.keys()]))];
  const rows = names.map((name) => [
    name,
    ...Object.values(columns).map((figures) => spread(figures.get(name) ?? [])),
  ]);
  return renderTable(['', ...Object.keys(columns)], rows);
}

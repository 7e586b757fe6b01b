/** The figures of one proxy, one a round. */
export interface Measured {
  readonly cpuUs: number[];
  readonly p50At1: number[];
  readonly p50At16: number[];
  readonly streamKb: number[];
}

const columns: readonly [keyof Measured, string][] = [
  ['cpuUs', 'CPU a request, µs'],
  ['p50At1', 'p50 at 1 connection, µs'],
  ['p50At16', 'p50 at 16 connections, µs'],
  ['streamKb', 'memory a stream, kB'],
];

/** Medians with the least and the most, and how the sidecar compares with the others; Markdown. */
export function renderTable(measured: ReadonlyMap<string, Measured>): string {
  const rows = [...measured].map(([name, one]) => [name, ...columns.map(([key]) => spread(one[key]))]);
  const isOurs = (name: string) => name.startsWith('sidecar');
  const ratios = [...measured.keys()]
    .filter(isOurs)
    .flatMap((ours) =>
      [...measured.keys()]
        .filter((name) => !isOurs(name))
        .map((other) => [
          `${ours} / ${other}`,
          ...columns.map(([key]) =>
            median(ratiosOf(measured.get(ours)?.[key], measured.get(other)?.[key])).toFixed(2),
          ),
        ]),
    );
  const head = ['', ...columns.map(([, title]) => title)];
  return [head, head.map(() => '---'), ...rows, ...ratios]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Round by round: both had the same neighbours then. */
function ratiosOf(ours: readonly number[] = [], others: readonly number[] = []): number[] {
  return ours.map((value, round) => value / (others[round] ?? Number.NaN));
}

/** Median, least and most. */
export function spread(values: readonly number[]): string {
  const digits = median(values) < 10 ? 2 : median(values) < 100 ? 1 : 0;
  const text = (value: number) => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

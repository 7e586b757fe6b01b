export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** By linear interpolation between the neighbours. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

/** Round by round: both had the same neighbours then. */
export function ratios(ours: readonly number[] = [], others: readonly number[] = []): number[] {
  return ours.slice(0, others.length).map((value, round) => value / (others[round] ?? Number.NaN));
}

/** Median, least and most. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const middle = median(values);
  const digits = middle < 10 ? 2 : middle < 100 ? 1 : 0;
  const text = (value: number) => value.toFixed(digits);
  return values.length === 1
    ? text(middle)
    : `${text(middle)} (${text(Math.min(...values))}–${text(Math.max(...values))})`;
}

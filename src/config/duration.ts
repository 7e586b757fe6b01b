import { Fault } from './fault.ts';

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Reads `500ms`, `8s`, `1m` or `1h` that lies between two bounds. */
export function parseDuration(text: string, least: string, most: string): number | Fault {
  const ms = toMs(text);
  if (ms === undefined) return new Fault('is no duration', 'write a number with a unit: 500ms, 8s, 1m or 1h');
  if (ms >= (toMs(least) ?? 0) && ms <= (toMs(most) ?? 0)) return ms;
  return new Fault(`is not between ${least} and ${most}`, `write a duration between ${least} and ${most}`);
}

function toMs(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (UNITS_MS[match[2] ?? ''] ?? 0);
}

import type { InsecureUntil } from './config.ts';
import { Fault } from './fault.ts';

const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * Reads a date and time of RFC 3339 with its offset, strictly: `Date` takes other forms too, and moves impossible
 * dates to possible ones. Fractions are cut off at the millisecond. No leap second: which ones there will be is not
 * known. https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseDateTime(text: string): InsecureUntil | Fault {
  const match = DATE_TIME.exec(text);
  if (match === null) {
    return new Fault(
      'is no date and time with an offset',
      'write it as RFC 3339 does: 2026-12-31T00:00:00Z, or 2026-12-31T01:00:00+01:00',
    );
  }
  const field = (index: number): number => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(field) as Six;
  const [offsetHour, offsetMinute] = [field(9), field(10)];
  // Years below 100 are years of the 20th century to the constructor.
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  const exists = new Date(midnight).getUTCMonth() === month - 1 && day > 0;
  const inRange = hour < 24 && minute < 60 && second < 60 && offsetHour < 24 && offsetMinute < 60;
  if (!exists || !inRange) {
    return new Fault(
      'names a moment that does not exist',
      'look at the day, the time and the offset; a leap second (:60) is not taken either',
    );
  }
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const seconds = (hour * 60 + minute - offset) * 60 + second;
  return { atMs: midnight + seconds * 1000 + ms, text };
}

type Six = [number, number, number, number, number, number];

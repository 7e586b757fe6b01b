import { timeOf } from '../doctor/certificate-words.ts';

/** @param ms Unix milliseconds, of a clock of ours */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** @param ms Unix milliseconds; undefined, or NaN for a date of a certificate that cannot be read: null */
export function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : (timeOf(new Date(ms)) ?? null);
}

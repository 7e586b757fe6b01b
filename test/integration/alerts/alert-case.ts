import type { Severity } from '../../../deploy/prometheus/alert.ts';
import type { Series } from './promtool.ts';

/** What one alert does over a stretch of time, and the words in which it arrives. */
export interface AlertCase {
  /** Without the prefix `McpTlsSidecar`. */
  readonly alert: string;
  readonly when: string;
  readonly series: Series;
  /** The first minute in which it fires; in the one before it does not. */
  readonly firesAt: number;
  /** It does not any more. */
  readonly resolvedAt: number;
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  /** Left out: that of the target is not among the labels. */
  readonly withoutTarget?: boolean;
  readonly summary: string;
  readonly description: string;
  readonly runbook: string;
}

export const daySeconds = 86_400;
/** promtool counts its time from 0. */
export const minuteSeconds = 60;

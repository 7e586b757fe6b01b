/** `page` wakes somebody at night: calls fail, or will within days. `ticket` waits for the next working day. */
export type Severity = 'page' | 'ticket';

/** An alert as it is written by hand; {@link file://./rules.ts} makes the rule of it. */
export interface Alert {
  /** Without the prefix `McpTlsSidecar`. */
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long the expression has to hold. */
  readonly for: string;
  readonly summary: string;
  readonly description: string;
  /** A page of docs/runbooks/, without `.md`. */
  readonly runbook: string;
}

export const daySeconds = 86_400;

import type { Alert } from './alert.ts';
import { expiryAlerts } from './expiry-alerts.ts';
import { handshakeAlerts } from './handshake-alerts.ts';
import { policyAlerts } from './policy-alerts.ts';

/** One rule as Prometheus reads it. */
export type Rule =
  | { readonly record: string; readonly expr: string }
  | {
      readonly alert: string;
      readonly expr: string;
      readonly for: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** The rules of one group are evaluated in their order: what is recorded here the next group reads. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const requests = 'mcp_tls_sidecar_requests_total';

/** `without`, so that the labels of the target stay, whatever they are. */
const records: readonly Rule[] = [
  { record: 'server:mcp_tls_sidecar_requests:rate5m', expr: `sum without (code) (rate(${requests}[5m]))` },
  {
    record: 'server:mcp_tls_sidecar_requests_answered:increase5m',
    expr: `sum without (code) (increase(${requests}{code!~"5..|aborted"}[5m]))`,
  },
  {
    record: 'server:mcp_tls_sidecar_requests_failed:ratio_rate5m',
    expr:
      `sum without (code) (rate(${requests}{code=~"5.."}[5m]))\n` +
      '/ (server:mcp_tls_sidecar_requests:rate5m > 0)',
  },
];

export const alerts: readonly Alert[] = [...handshakeAlerts, ...expiryAlerts, ...policyAlerts];

/** Nobody's address: a page that wakes people must not lead to a place that a stranger could own. */
export const defaultRunbooks = 'https://mcp-tls-sidecar.example/docs/runbooks/';

/** @param runbooks where docs/runbooks/ is published, with a slash at the end */
export function ruleGroups(runbooks = defaultRunbooks): RuleGroup[] {
  const toRule = ({ name, expr, for: duration, severity, summary, description, runbook }: Alert): Rule => ({
    alert: `McpTlsSidecar${name}`,
    expr,
    for: duration,
    labels: { severity },
    annotations: {
      summary: sentence(summary),
      description: sentence(description),
      runbook_url: `${runbooks}${runbook}.md`,
    },
  });
  return [{ name: 'mcp-tls-sidecar', rules: [...records, ...alerts.map(toRule)] }];
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

import { describe, expect, it } from 'vitest';
import { alerts, defaultRunbooks } from '../../../deploy/prometheus/rules.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import type { AlertCase } from './alert-case.ts';
import { expiryCases } from './expiry-cases.ts';
import { failingCases } from './failing-cases.ts';
import { policyCases } from './policy-cases.ts';
import { runRules, targetLabels, type Arrival } from './promtool.ts';

const cases = [...failingCases, ...expiryCases, ...policyCases];

function arrivalOf({ severity, labels, withoutTarget, summary, description, runbook }: AlertCase): Arrival {
  return {
    labels: { severity, ...(withoutTarget === true ? {} : targetLabels), ...labels },
    annotations: { summary, description, runbook_url: `${defaultRunbooks}${runbook}.md` },
  };
}

describe.skipIf(toolMissing('promtool'))('alerts fire, not too early, and resolve (needs promtool)', () => {
  it.each(cases)('$alert: $when', (one) => {
    const alert = `McpTlsSidecar${one.alert}`;
    runRules(one.series, [
      { atMinute: one.firesAt - 1, alert, arrives: undefined },
      { atMinute: one.firesAt, alert, arrives: arrivalOf(one) },
      { atMinute: one.resolvedAt, alert, arrives: undefined },
    ]);
  });
});

describe('alerts', () => {
  it('each of them has a case', () => {
    expect(alerts.map(({ name }) => name).filter((name) => !cases.some((one) => one.alert === name))).toEqual(
      [],
    );
  });
});

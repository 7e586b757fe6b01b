import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const rules = resolve(import.meta.dirname, '../../../deploy/prometheus/mcp-tls-sidecar.rules.yaml');
const target = { job: 'mcp-tls-sidecar', instance: 'gateway:9921' };

/** Time series by name and labels, in promtool's notation: one sample a minute. */
export type Series = Readonly<Record<string, string>>;

/** An alert as it must arrive. */
export interface Arrival {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What one alert does at a minute; `undefined`: nothing. */
export interface Expectation {
  readonly atMinute: number;
  readonly alert: string;
  readonly arrives: Arrival | undefined;
}

/** Runs the rules over series, minute by minute, and compares. */
export function runRules(input: Series, expectations: readonly Expectation[]): void {
  const alert_rule_test = expectations.map(({ atMinute, alert, arrives }) => ({
    eval_time: `${atMinute}m`,
    alertname: alert,
    exp_alerts: arrives === undefined ? [] : [toExpected(arrives)],
  }));
  runPromtool({ interval: '1m', input_series: toSeries(input), alert_rule_test });
}

/** Runs the rules over series, and expects that no alert fired in any of the minutes. */
export function expectNoAlert(input: Series, untilMinute: number): void {
  const expr = `count_over_time(ALERTS{alertstate="firing"}[${untilMinute}m])`;
  const promql_expr_test = [{ expr, eval_time: `${untilMinute}m`, exp_samples: [] }];
  runPromtool({ interval: '1m', input_series: toSeries(input), promql_expr_test });
}

function toExpected({ labels, annotations }: Arrival) {
  return { exp_labels: labels, exp_annotations: annotations };
}

function toSeries(input: Series) {
  return Object.entries(input).map(([name, values]) => ({ series: name, values }));
}

function runPromtool(test: object): void {
  const file = join(temporaryDirectory(), 'test.yaml');
  writeFileSync(file, stringify({ rule_files: [rules], evaluation_interval: '1m', tests: [test] }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (status !== 0) throw new Error(`promtool test rules:\n${stdout}${stderr}`);
}

/** A series of a sidecar: its own metric without prefix, with the labels of the target. */
export function of(metric: string, labels: Readonly<Record<string, string>> = {}): string {
  return selector(`mcp_tls_sidecar_${metric}`, labels);
}

/** Whether Prometheus reaches the sidecar. */
export const up = selector('up', {});

function selector(name: string, labels: Readonly<Record<string, string>>): string {
  const all = Object.entries({ ...target, ...labels });
  return `${name}{${all.map(([label, value]) => `${label}="${value}"`).join(',')}}`;
}

/** The labels of an alert about a target. */
export const targetLabels: Readonly<Record<string, string>> = target;

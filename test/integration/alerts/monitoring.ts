import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { shortenedRules } from './shortened-rules.ts';
import { startDaemon } from './start-daemon.ts';
import { startWebhook, type NotifiedAlert } from './webhook.ts';

/** An alert as Prometheus tells its state. */
export interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A series of an answer, with its value at this moment. */
export interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Monitoring {
  /** What Prometheus holds for wrong now. */
  readonly alerts: () => Promise<readonly ActiveAlert[]>;
  readonly query: (expr: string) => Promise<readonly Result[]>;
  /** What Alertmanager keeps to itself, because another alert tells of the same matter. */
  readonly suppressed: () => Promise<readonly Pick<ActiveAlert, 'labels'>[]>;
  /** What somebody was told, in its order; grows. */
  readonly received: readonly NotifiedAlert[];
}

const alertsPage = resolve(import.meta.dirname, '../../../docs/alerts.md');

/**
 * Runs Prometheus, which scrapes sidecars every second and knows the rules with shortened times, and Alertmanager,
 * which tells a webhook. Both are ended after the test.
 *
 * @param admins `host:port` of the sidecars' admin listeners
 */
export async function startMonitoring(admins: readonly string[]): Promise<Monitoring> {
  const webhook = await startWebhook();
  const alertmanager = await startAlertmanager(webhook.url);
  const prometheus = await startPrometheus(admins, new URL(alertmanager).host);
  const ask = async <Data>(path: string): Promise<Data> => {
    const answer = (await getJson(`${prometheus}/api/v1/${path}`)) as PrometheusAnswer<Data>;
    if (answer.status !== 'success') throw new Error(`Prometheus answered ${path}: ${answer.error ?? ''}`);
    return answer.data;
  };
  return {
    alerts: async () => (await ask<{ alerts: readonly ActiveAlert[] }>('alerts')).alerts,
    query: async (expr) =>
      (await ask<{ result: readonly Result[] }>(`query?query=${encodeURIComponent(expr)}`)).result,
    suppressed: async () => {
      const all = (await getJson(`${alertmanager}/api/v2/alerts`)) as readonly AlertmanagerAlert[];
      return all.filter(({ status }) => status.state === 'suppressed').map(({ labels }) => ({ labels }));
    },
    received: webhook.received,
  };
}

interface PrometheusAnswer<Data> {
  readonly status: 'success' | 'error';
  readonly data: Data;
  readonly error?: string;
}

interface AlertmanagerAlert {
  readonly labels: ActiveAlert['labels'];
  readonly status: { readonly state: 'unprocessed' | 'active' | 'suppressed' };
}

async function getJson(url: string): Promise<unknown> {
  return (await fetch(url, { signal: AbortSignal.timeout(10_000) })).json();
}

function startAlertmanager(url: string): Promise<string> {
  const directory = temporaryDirectory();
  const file = join(directory, 'alertmanager.yml');
  const route = { receiver: 'webhook', group_by: ['...'], group_wait: '0s', group_interval: '1s' };
  const receivers = [{ name: 'webhook', webhook_configs: [{ url }] }];
  writeFileSync(file, stringify({ route, receivers, ...documentedInhibition() }));
  return startDaemon('prometheus-alertmanager', [
    `--config.file=${file}`,
    `--storage.path=${join(directory, 'data')}`,
    // No gossip: it would listen on all addresses.
    '--cluster.listen-address=',
  ]);
}

/** What docs/alerts.md tells to write into alertmanager.yml. */
function documentedInhibition(): object {
  const [, text = ''] =
    /```yaml\n# alertmanager\.yml\n(.*?)```/s.exec(readFileSync(alertsPage, 'utf8')) ?? [];
  return parse(text) as object;
}

function startPrometheus(admins: readonly string[], alertmanager: string): Promise<string> {
  const directory = temporaryDirectory();
  const file = join(directory, 'prometheus.yml');
  const rules = join(directory, 'rules.yaml');
  writeFileSync(rules, shortenedRules());
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ job_name: 'mcp-tls-sidecar', static_configs: [{ targets: admins }] }],
  };
  writeFileSync(file, stringify(config));
  return startDaemon('prometheus', [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
  ]);
}

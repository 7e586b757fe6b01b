import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { defaultRunbooks, ruleGroups } from './rules.ts';

const note = '# Written by deploy/prometheus/write-rules.ts from the .ts files beside it: change those.\n';

/**
 * The rules as a file for Prometheus, and as an object for its operator.
 *
 * @param runbooks where docs/runbooks/ is published, with a slash at the end
 */
export async function renderRules(runbooks = defaultRunbooks): Promise<Readonly<Record<string, string>>> {
  const groups = ruleGroups(runbooks);
  const labels = { 'app.kubernetes.io/name': 'mcp-tls-sidecar' };
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'mcp-tls-sidecar', labels },
    spec: { groups },
  };
  return {
    'mcp-tls-sidecar.rules.yaml': await toYaml({ groups }),
    'prometheus-rule.yaml': await toYaml(object),
  };
}

async function toYaml(value: unknown): Promise<string> {
  const text = note + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
  return format(text, { ...(await resolveConfig(import.meta.filename)), parser: 'yaml' });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { runbooks: { type: 'string' } } });
  const runbooks = values.runbooks?.replace(/\/*$/, '/');
  for (const [name, text] of Object.entries(await renderRules(runbooks)))
    writeFileSync(join(import.meta.dirname, name), text);
}

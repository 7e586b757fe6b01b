import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alerts, ruleGroups, type Rule } from '../../../deploy/prometheus/rules.ts';
import { renderRules } from '../../../deploy/prometheus/write-rules.ts';
import { toolMissing } from '../../harness/require-tool.ts';

const top = resolve(import.meta.dirname, '../../..');
const directory = join(top, 'deploy/prometheus');
const read = (name: string) => readFileSync(join(directory, name), 'utf8');
const isAlert = (rule: Rule): rule is Extract<Rule, { alert: string }> => 'alert' in rule;

describe('the rules for Prometheus', () => {
  it('are as their source says (node deploy/prometheus/write-rules.ts writes them anew)', async () => {
    const rendered = await renderRules();
    expect(Object.keys(rendered)).toHaveLength(2);
    for (const [name, text] of Object.entries(rendered)) expect(read(name)).toBe(text);
  });

  it('are the same in the file and in the PrometheusRule object', () => {
    const file = parse(read('mcp-tls-sidecar.rules.yaml')) as { groups: unknown };
    const object = parse(read('prometheus-rule.yaml')) as { kind: string; spec: unknown };
    expect(object.kind).toBe('PrometheusRule');
    expect(object.spec).toEqual(file);
  });

  it.skipIf(toolMissing('promtool'))('promtool has nothing to say about them (needs promtool)', () => {
    const args = [
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      join(directory, 'mcp-tls-sidecar.rules.yaml'),
    ];
    expect(execFileSync('promtool', args, { encoding: 'utf8', timeout: 20_000 })).toContain('SUCCESS');
  });

  it('lead to runbooks of another address where one is told', () => {
    const rules = ruleGroups('https://wiki.test/runbooks/').flatMap((group) => group.rules);
    for (const { annotations } of rules.filter(isAlert))
      expect(annotations['runbook_url']).toMatch(/^https:\/\/wiki\.test\/runbooks\/[a-z-]+\.md$/);
  });
});

describe('every alert', () => {
  const rules = ruleGroups().flatMap((group) => group.rules);

  it.each(rules.filter(isAlert).map((rule) => [rule.alert, rule] as const))(
    '%s has a severity, words and a runbook',
    (_, { labels, annotations, expr }) => {
      expect(labels['severity']).toMatch(/^(page|ticket)$/);
      expect(annotations['summary']).toMatch(/^[A-Z0-9{].{10}/);
      expect(annotations['description']).toMatch(/^[A-Z0-9{].{40,}\.$/s);
      const isAboutServer = /upstream_|server_|requests_|verification_|insecure_|ca_bundle/.test(expr);
      if (isAboutServer) expect(annotations['description']).toContain('{{ $labels.server }}');
      const page = /\/docs\/runbooks\/([a-z-]+\.md)$/.exec(annotations['runbook_url'] ?? '')?.[1];
      const text = readFileSync(join(top, 'docs/runbooks', page ?? 'none'), 'utf8');
      expect(text.match(/^## .*$/gm)).toEqual(['## What it means', '## First three commands', '## Remedy']);
      expect(text.match(/^\d\. .*\n\n? {3}```sh\n/gm)).toHaveLength(3);
    },
  );

  it('and every runbook belongs to one, and names all of them', () => {
    const pages = globSync('*.md', { cwd: join(top, 'docs/runbooks') });
    expect(pages.length).toBeGreaterThan(5);
    for (const page of pages) {
      const names = alerts
        .filter(({ runbook }) => `${runbook}.md` === basename(page))
        .map(({ name }) => name);
      expect(names, page).not.toEqual([]);
      const text = readFileSync(join(top, 'docs/runbooks', page), 'utf8');
      for (const name of names) expect(text, page).toContain(`\`McpTlsSidecar${name}\``);
    }
  });

  it('is in the table of docs/alerts.md with its severity and time', () => {
    const text = readFileSync(join(top, 'docs/alerts.md'), 'utf8');
    for (const { name, severity, runbook, for: time } of alerts)
      expect(text).toMatch(
        new RegExp(
          `^\\| \\[\`McpTlsSidecar${name}\`\\]\\(runbooks/${runbook}\\.md\\) \\| ${severity} \\|.*\\| ${time} \\|$`,
          'm',
        ),
      );
  });
});

import { describe, expect, it } from 'vitest';
import { readDashboard, type Panel } from './read-dashboard.ts';

const { dashboard, panels, queries } = readDashboard();
const source = { type: 'prometheus', uid: '${datasource}' };
const titled = (title: string) => panels.find((panel) => panel.title === title);

describe('the Grafana dashboard', () => {
  it('takes its data source from a variable everywhere', () => {
    const [first, ...others] = dashboard.templating.list;
    expect(first).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    for (const { name, datasource } of others) expect(datasource, name).toEqual(source);
    for (const { title, datasource, targets } of panels) {
      expect(datasource, title).toEqual(source);
      for (const target of targets) expect(target.datasource, title).toEqual(source);
    }
  });

  it('has panels of their own place and number, and none without a query', () => {
    const all = dashboard.panels;
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(panels.filter(({ targets }) => targets.length === 0)).toEqual([]);
    for (const one of all)
      expect(
        all.filter((other) => other !== one && overlap(one, other)),
        one.title,
      ).toEqual([]);
  });

  it('lists certificates by urgency, the first to expire at the top', () => {
    const certificates = titled('Certificates of the servers: days left');
    expect(certificates?.targets[0]?.expr).toMatch(/^sort\(.*\/ 86400\)$/);
    expect(certificates?.options).toMatchObject({ sortBy: [{ displayName: 'days left', desc: false }] });
  });

  it('asks in every query for the chosen sidecars only', () => {
    for (const { expr } of queries)
      for (const [selector] of expr.matchAll(/mcp_tls_sidecar_\w+(\{[^}]*\})?/g))
        expect(selector).toContain('{job=~"$job", instance=~"$instance"');
  });
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

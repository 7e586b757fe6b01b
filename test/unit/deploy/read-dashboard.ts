import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A query of a panel, and the labels that its legend shows. */
export interface Query {
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource: unknown;
}

/** A panel of the dashboard; a row has no targets. */
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: unknown;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly options?: unknown;
  readonly targets: readonly Query[];
}

interface Dashboard {
  readonly templating: {
    readonly list: readonly {
      name: string;
      type: string;
      query: unknown;
      datasource?: unknown;
      definition?: string;
    }[];
  };
  readonly panels: readonly Panel[];
}

const file = resolve(import.meta.dirname, '../../../deploy/grafana/mcp-tls-sidecar.json');

/** The dashboard, its panels without the rows, their queries, and those by which variables find their values. */
export function readDashboard() {
  const dashboard = JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');
  const queries = panels.flatMap(({ targets }) => targets);
  const variableQueries = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
  return { dashboard, panels, queries, variableQueries };
}

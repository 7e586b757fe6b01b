export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Reads the text format of Prometheus, as far as prom-client writes it. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (sample === null) return [];
    const [, name = '', labels = '', value = ''] = sample;
    return [{ name, labels: parseLabels(labels), value: Number(value.replace('Inf', 'Infinity')) }];
  });
}

function parseLabels(text: string): Labels {
  const pairs = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, unescape(value)]));
}

const unescape = (value: string): string => value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));

/** The sum of the samples that have these labels (and maybe others); undefined if there is none. */
export function metricValue(
  samples: readonly Sample[],
  name: string,
  labels: Labels = {},
): number | undefined {
  const wanted = Object.entries(labels);
  const found = samples.filter(
    (s) => s.name === name && wanted.every(([key, value]) => s.labels[key] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

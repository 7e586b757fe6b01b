import { Registry, type Metric } from 'prom-client';

type Labels = Readonly<Record<string, string | number>>;

/** A sample as prom-client hands it to its own writer. */
export interface Sample {
  readonly value: number;
  readonly labels: Labels;
  /** Of the samples of a histogram, which share the labels of their series. */
  readonly metricName?: string;
  readonly sharedLabels?: Labels;
}

export interface Collected {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Sample[];
}

/** A metric, of prom-client's or our own. */
export interface Source {
  get(): Promise<Collected>;
  /** Histograms have it: samples that are not copied once more. */
  getForPromString?(): Promise<Collected>;
}

/**
 * Writes what prom-client collects in the text format. Its own writer builds a list and an object or two for each
 * sample, which with a thousand servers makes a scrape cost more than it may.
 */
export class ScrapeRegistry extends Registry {
  /** Adds a metric that is none of prom-client's. */
  add<S extends Source & { readonly name: string }>(source: S): S {
    this.registerMetric(source as unknown as Metric);
    return source;
  }

  override async metrics(): Promise<string> {
    const page = new Page();
    for (const source of this.getMetricsAsArray() as unknown as Source[])
      write(page, await (source.getForPromString?.() ?? source.get()));
    return page.text;
  }
}

/** A long text of many small parts. Left to itself V8 keeps a tree of them, which costs more to collect than to copy. */
class Page {
  #flat: string[] = [];
  #rest = '';

  get isEmpty(): boolean {
    return this.#rest === '' && this.#flat.length === 0;
  }

  get text(): string {
    return this.#flat.join('') + this.#rest;
  }

  add(part: string): void {
    this.#rest += part;
    if (this.#rest.length < 16_384) return;
    this.#flat.push(Buffer.from(this.#rest).toString());
    this.#rest = '';
  }
}

function write(page: Page, { name, help, type, values }: Collected): void {
  if (!page.isEmpty) page.add('\n');
  page.add(`# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n`);
  // The samples of a series come one after the other.
  let series: Labels | undefined;
  let shared = '';
  for (const { metricName = name, labels, sharedLabels, value } of values) {
    if (sharedLabels !== series) {
      series = sharedLabels;
      shared = sharedLabels === undefined ? '' : writeLabels(sharedLabels);
    }
    const own = writeLabels(labels);
    const all = own === '' || shared === '' ? own + shared : `${own},${shared}`;
    page.add(
      all === '' ? `${metricName} ${writeValue(value)}\n` : `${metricName}{${all}} ${writeValue(value)}\n`,
    );
  }
}

function writeLabels(labels: Labels): string {
  let text = '';
  for (const name in labels) {
    const value = labels[name];
    const written = typeof value === 'string' ? escapeValue(value) : String(value);
    text += text === '' ? `${name}="${written}"` : `,${name}="${written}"`;
  }
  return text;
}

function writeValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf';
}

function escapeValue(text: string): string {
  return /["\\\n]/.test(text) ? escape(text).replaceAll('"', '\\"') : text;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

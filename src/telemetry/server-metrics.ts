import type { Collected, Sample, Source } from './scrape-registry.ts';

/**
 * A metric by server. To count is to add to a number: prom-client would write the labels into a string each time, which
 * is a twentieth of what a request costs, and to forget a server look for it among all series.
 */
abstract class ServerMetric<Series> implements Source {
  readonly name: string;
  readonly help: string;
  abstract readonly type: 'counter' | 'histogram';
  abstract readonly labelNames: readonly string[];
  protected readonly series = new Map<string, Series>();

  constructor(name: string, help: string) {
    this.name = name;
    this.help = help;
  }

  /** Those of which anything was counted. */
  servers(): Iterable<string> {
    return this.series.keys();
  }

  forget(server: string): void {
    this.series.delete(server);
  }

  /** @see Source */
  get(): Promise<Collected> {
    const values = [...this.series].flatMap(([server, series]) => this.samples(server, series));
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, values });
  }

  protected abstract samples(server: string, series: Series): Sample[];
}

/** A counter by server and one label more. */
export class ServerCounter extends ServerMetric<Map<string | number, number>> {
  readonly type = 'counter';
  readonly labelNames: readonly string[];
  readonly #label: string;

  constructor(name: string, help: string, label: string) {
    super(name, help);
    this.#label = label;
    this.labelNames = ['server', label];
  }

  /** @param by 0 for a series that is to be there from the start */
  inc(server: string, value: string | number, by = 1): void {
    let counts = this.series.get(server);
    if (counts === undefined) this.series.set(server, (counts = new Map<string | number, number>()));
    counts.set(value, (counts.get(value) ?? 0) + by);
  }

  protected samples(server: string, counts: ReadonlyMap<string | number, number>): Sample[] {
    return [...counts].map(([label, value]) => ({ labels: { server, [this.#label]: label }, value }));
  }
}

/** What was observed of one server. */
interface Observed {
  /** By upper bound, each without those below it; last those above all bounds. */
  readonly counts: number[];
  sum: number;
}

/** A histogram by server, of seconds. */
export class ServerHistogram extends ServerMetric<Observed> {
  readonly type = 'histogram';
  readonly labelNames = ['server'];
  /** In ascending order. */
  readonly upperBounds: readonly number[];

  constructor(name: string, help: string, upperBounds: readonly number[]) {
    super(name, help);
    this.upperBounds = upperBounds;
  }

  observe(server: string, seconds: number): void {
    let observed = this.series.get(server);
    if (observed === undefined) {
      observed = { counts: [0, ...this.upperBounds.map(() => 0)], sum: 0 };
      this.series.set(server, observed);
    }
    const found = this.upperBounds.findIndex((bound) => seconds <= bound);
    const index = found < 0 ? this.upperBounds.length : found;
    observed.counts[index] = (observed.counts[index] ?? 0) + 1;
    observed.sum += seconds;
  }

  protected samples(server: string, { counts, sum }: Observed): Sample[] {
    const sharedLabels = { server };
    let count = 0;
    const buckets = counts.map((each, index) => {
      count += each;
      const labels = { le: this.upperBounds[index] ?? '+Inf' };
      return { metricName: `${this.name}_bucket`, labels, sharedLabels, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: {}, sharedLabels, value: sum },
      { metricName: `${this.name}_count`, labels: {}, sharedLabels, value: count },
    ];
  }
}

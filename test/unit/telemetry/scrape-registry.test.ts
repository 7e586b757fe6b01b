import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { expect, it } from 'vitest';
import { ScrapeRegistry } from '../../../src/telemetry/scrape-registry.ts';

it("writes what prom-client's own writer does, whatever the labels and values are", async () => {
  const registry = new ScrapeRegistry();
  const registers = [registry];
  const of = { registers, labelNames: ['server', 'reason'], help: 'Words with a \\ and a\nbreak.' };
  const counter = new Counter({ ...of, name: 'some_total' });
  const gauge = new Gauge({ ...of, name: 'some_gauge' });
  const histogram = new Histogram({ ...of, name: 'some_seconds', buckets: [0.001, 0.5, 10] });
  const summary = new Summary({ ...of, name: 'some_summary', percentiles: [0.5] });
  const plain = new Gauge({ registers, name: 'plain', help: 'No labels.' });
  new Histogram({ registers, name: 'plain_seconds', help: 'No labels.' }).observe(3);
  new Counter({ ...of, name: 'empty_total' });
  plain.set(1.5e21);
  for (const server of ['a', '*.corp.test:8443', 'quo"te', 'back\\slash', 'li\nne', 'grün', ''])
    for (const [index, value] of [0, 0.1, 1e-9, Infinity].entries()) {
      const labels = { server, reason: `${index}` };
      if (Number.isFinite(value)) counter.inc(labels, value);
      gauge.set(labels, value === 0 ? -Infinity : value);
      if (Number.isFinite(value)) histogram.observe(labels, value);
      if (Number.isFinite(value)) summary.observe(labels, value);
    }
  gauge.inc({ server: 'one label' });
  const expected = await new Writer(registry).metrics();
  expect(await registry.metrics()).toBe(expected);
  expect(expected.split('\n').length).toBeGreaterThan(250);
});

/** prom-client's own writer on the metrics of another registry. */
class Writer extends Registry {
  readonly #of: Registry;

  constructor(of: Registry) {
    super();
    this.#of = of;
  }

  override getMetricsAsArray() {
    return this.#of.getMetricsAsArray();
  }
}

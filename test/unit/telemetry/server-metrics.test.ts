import { Counter, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { ScrapeRegistry } from '../../../src/telemetry/scrape-registry.ts';
import { ServerCounter, ServerHistogram } from '../../../src/telemetry/server-metrics.ts';

const bounds = [0.001, 0.01, 0.25, 1, 60];

it("has the samples that prom-client's metrics have of the same counts", async () => {
  const theirs = new Registry();
  const registers = [theirs];
  const help = 'Words.';
  const theirCounter = new Counter({ name: 'some_total', help, labelNames: ['server', 'code'], registers });
  const theirHistogram = new Histogram({
    name: 'some_seconds',
    help,
    labelNames: ['server'],
    buckets: bounds,
    registers,
  });
  const ours = new ScrapeRegistry();
  const ourCounter = ours.add(new ServerCounter('some_total', help, 'code'));
  const ourHistogram = ours.add(new ServerHistogram('some_seconds', help, bounds));
  for (const server of ['one', 'quo"te', 'three']) {
    for (const [index, code] of [200, 'aborted', 200, 502].entries()) {
      theirCounter.inc({ server, code }, index);
      ourCounter.inc(server, code, index);
    }
    // On the bounds, between them, below all and above all.
    for (const seconds of [...bounds, 0, 0.0005, 0.5, 59.999, 60.001, 1e6]) {
      theirHistogram.observe({ server }, seconds);
      ourHistogram.observe(server, seconds);
    }
  }
  expect((await ours.metrics()).trim().split('\n')).toEqual((await theirs.metrics()).trim().split('\n'));

  theirCounter.remove({ server: 'one', code: 200 });
  theirCounter.remove({ server: 'one', code: 502 });
  theirCounter.remove({ server: 'one', code: 'aborted' });
  theirHistogram.remove({ server: 'one' });
  ourCounter.forget('one');
  ourHistogram.forget('one');
  expect([...ourCounter.servers()]).toEqual(['quo"te', 'three']);
  expect((await ours.metrics()).trim().split('\n')).toEqual((await theirs.metrics()).trim().split('\n'));
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../../harness/require-tool.ts';
import { caInput, caSettings, certificatesIn, dayMs, filesOf, opensslVerify, startCa } from './ca-world.ts';
import { presentedBy } from './presented-by.ts';

const startMs = Date.UTC(2027, 0, 1);
/** About where something happens: a year, two years less a month, two years, and the moments around. */
const turns = [0, 365, 700, 730, 1064, 1095, 1430, 1460].flatMap((days) => [
  days - 1 / 1440,
  days,
  days + 1 / 86_400,
  days + 1,
]);
const steps = [...Array.from({ length: 14 }, (_, index) => index * 113), ...turns]
  .filter((days) => days >= 0)
  .sort((one, other) => one - other);

describe.skipIf(toolMissing('openssl'))(
  'over four years no client fails whose bundle has not expired (needs openssl)',
  () => {
    it.each([
      ['refreshed each time', true],
      ['before the tick that refreshes', false],
    ])('%s', { timeout: 120_000 }, async (_title, refreshFirst) => {
      let nowMs = startMs;
      const settings = caSettings();
      const { ca, told } = await startCa(settings, { now: () => nowMs });
      const bundles = new Map<string, number>();
      for (const days of steps) {
        nowMs = startMs + Math.round((days * dayMs) / 1000) * 1000;
        if (refreshFirst) await ca.refresh(caInput(settings));
        const chain = await presentedBy(ca.contextFor('mcp.test'));
        bundles.set(readFileSync(filesOf(settings).caFile, 'utf8'), lastEnd(filesOf(settings).caFile));
        for (const [bundle, endMs] of bundles) {
          if (endMs <= nowMs) continue;
          const said = await opensslVerify(bundle, chain, { host: 'mcp.test', atMs: nowMs });
          expect(`day ${days}: ${said}`).toBe(`day ${days}: OK`);
        }
        await ca.refresh(caInput(settings));
      }
      expect(bundles.size).toBeGreaterThanOrEqual(5);
      expect(ca.fault).toBeUndefined();
      expect(told).toEqual([]);
    });
  },
);

describe('a successor', () => {
  it('is published at half life, signs in the last 30 days and is then the only one', async () => {
    let nowMs = startMs;
    const settings = caSettings();
    const { ca } = await startCa(settings, { now: () => nowMs });
    const at = async (days: number) => {
      nowMs = startMs + days * dayMs;
      await ca.refresh(caInput(settings));
      return { published: certificatesIn(filesOf(settings).caFile).length, ends: endDay(ca.notAfterMs) };
    };
    expect(await at(364)).toEqual({ published: 1, ends: 730 });
    expect(await at(365)).toEqual({ published: 2, ends: 730 });
    expect(await at(699)).toEqual({ published: 2, ends: 730 });
    expect(await at(700)).toEqual({ published: 2, ends: 1095 });
    // Its own successor is due the very day that it is the current one.
    expect(await at(730)).toEqual({ published: 2, ends: 1095 });
    expect(await at(1065)).toEqual({ published: 2, ends: 1460 });
  });

  it('is the same after a restart', async () => {
    const settings = caSettings();
    await startCa(settings, { now: () => startMs });
    await startCa(settings, { now: () => startMs + 400 * dayMs });
    const published = readFileSync(filesOf(settings).caFile, 'utf8');
    await startCa(settings, { now: () => startMs + 710 * dayMs });
    expect(readFileSync(filesOf(settings).caFile, 'utf8')).toBe(published);
  });

  it.skipIf(toolMissing('openssl'))(
    'is made and signs at once where the sidecar was down until the last days (needs openssl)',
    async () => {
      const settings = caSettings();
      await startCa(settings, { now: () => startMs });
      const old = readFileSync(filesOf(settings).caFile, 'utf8');
      const atMs = startMs + 720 * dayMs;
      const { ca, told } = await startCa(settings, { now: () => atMs });
      expect(endDay(ca.notAfterMs)).toBe(1450);
      const chain = await presentedBy(ca.contextFor('mcp.test'));
      expect(await opensslVerify(old, chain, { host: 'mcp.test', atMs })).toBe('OK');
      const both = readFileSync(filesOf(settings).caFile, 'utf8');
      expect(await opensslVerify(both, chain, { host: 'mcp.test', atMs })).toBe('OK');
      expect(told).toEqual([]);
    },
  );

  it('comes too late where the sidecar was down for longer, which is said', async () => {
    const settings = caSettings();
    await startCa(settings, { now: () => startMs });
    const { ca, told } = await startCa(settings, { now: () => startMs + 731 * dayMs });
    expect(ca.fault).toBeUndefined();
    expect(certificatesIn(filesOf(settings).caFile)).toHaveLength(1);
    expect(told).toEqual([
      {
        severity: 'warning',
        message: 'the CA is replaced by a new one: it has expired',
        hint: 'let clients load ca-bundle.pem anew: restart them after the sidecar',
      },
    ]);
  });
});

describe('the lineage kept in memory', () => {
  it('is renewed as the one on disk is', async () => {
    let nowMs = startMs;
    const settings = caSettings({ stateDirectory: undefined });
    const { ca } = await startCa(settings, { now: () => nowMs });
    const [first] = certificatesIn(filesOf(settings).caFile);
    nowMs = startMs + 366 * dayMs;
    await ca.refresh(caInput(settings));
    const both = certificatesIn(filesOf(settings).caFile);
    expect(both).toHaveLength(2);
    expect(both[0]?.fingerprint256).toBe(first?.fingerprint256);
  });
});

const lastEnd = (file: string): number =>
  Math.max(...certificatesIn(file).map((one) => one.validToDate.getTime()));

const endDay = (endMs: number | undefined): number => Math.round(((endMs ?? 0) - startMs) / dayMs);

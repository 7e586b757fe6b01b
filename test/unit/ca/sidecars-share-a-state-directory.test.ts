import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { CaSettings } from '../../../src/config/config.ts';
import { caSettings, certificatesIn, corporate, dayMs, filesOf, startCa } from './ca-world.ts';

const run = promisify(execFile);
const worker = path.join(import.meta.dirname, 'state-worker.ts');

/** Processes of their own that begin in the same millisecond, each with a public directory of its own. */
async function startTogether(settings: CaSettings, nowMs: number) {
  const all = Array.from({ length: 4 }, (_, index) => ({
    ...settings,
    directory: `${settings.directory}-${index}`,
  }));
  const startAtMs = Date.now() + 1_000;
  const trust = corporate.certificates[0]?.toString() ?? '';
  const results = await Promise.all(
    all.map(async (own) => {
      const args = [worker, JSON.stringify(own), String(startAtMs), String(nowMs), trust];
      const { stdout } = await run(process.execPath, args, { timeout: 30_000 });
      return JSON.parse(stdout) as { fault?: string };
    }),
  );
  return { results, published: all.map((own) => readFileSync(filesOf(own).caFile, 'utf8')) };
}

describe('sidecars that share a state directory end up with one CA', () => {
  it('where they make it at the same time', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 2; round++) {
      const settings = caSettings();
      const { results, published } = await startTogether(settings, Date.now());
      expect(results.map(({ fault }) => fault)).toEqual([undefined, undefined, undefined, undefined]);
      expect(new Set(published).size).toBe(1);
      expect(readdirSync(filesOf(settings).stateDirectory)).toEqual(['ca.pem']);
    }
  });

  it('where they make its successor at the same time', { timeout: 60_000 }, async () => {
    for (let round = 0; round < 2; round++) {
      const settings = caSettings();
      await startCa(settings);
      const { published } = await startTogether(settings, Date.now() + 366 * dayMs);
      expect(new Set(published).size).toBe(1);
      expect(published[0]?.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
      expect(readdirSync(filesOf(settings).stateDirectory)).toEqual(['ca.pem']);
    }
  });
});

describe('a crash in the middle of a write', () => {
  it('leaves nothing that is taken for the CA, and is cleaned up', async () => {
    const settings = caSettings();
    await startCa(settings);
    const { stateDirectory, stateFile, caFile } = filesOf(settings);
    const before = readFileSync(caFile, 'utf8');
    const torn = path.join(stateDirectory, '.ca.pem.0123456789abcdef.tmp');
    writeFileSync(torn, readFileSync(stateFile, 'utf8').slice(0, 700), { mode: 0o600 });
    const { ca } = await startCa(settings);
    expect(ca.fault).toBeUndefined();
    expect(readFileSync(caFile, 'utf8')).toBe(before);
    // It is removed with the next write, once no process can be writing it still.
    utimesSync(torn, new Date(0), new Date(0));
    await startCa(settings, { now: () => Date.now() + 366 * dayMs });
    expect(readdirSync(stateDirectory)).toEqual(['ca.pem']);
    expect(certificatesIn(caFile)).toHaveLength(2);
  });

  it('holds up the successor no longer than a write can take', async () => {
    const settings = caSettings();
    await startCa(settings);
    const { stateDirectory, stateFile } = filesOf(settings);
    const digest = hash('sha256', readFileSync(stateFile)).slice(0, 16);
    const claim = path.join(stateDirectory, `.ca.pem.${digest}.claim`);
    writeFileSync(claim, '', { mode: 0o600 });
    const later = () => Date.now() + 366 * dayMs;
    const waiting = await startCa(settings, { now: later });
    // The old CA has a year left.
    expect(waiting.ca.fault).toBeUndefined();
    expect(waiting.told.map(({ message }) => message)).toEqual([
      `${stateDirectory}, where the CA's key is kept, cannot be written: another process is writing it`,
    ]);
    utimesSync(claim, new Date(0), new Date(0));
    const { ca } = await startCa(settings, { now: later });
    expect(ca.fault).toBeUndefined();
    expect(readdirSync(stateDirectory)).toEqual(['ca.pem']);
  });
});

import { closeSync, openSync, renameSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { createWorld, lastReloadSuccessful, reloads, untilReloads } from './world.ts';

/** Each puts a text in the place of a file's. */
const ways: Readonly<Record<string, (file: string, text: string) => void | Promise<void>>> = {
  'an in-place write': (file, text) => writeFileSync(file, text),
  'an in-place write in three pieces': async (file, text) => {
    const open = openSync(file, 'w');
    const third = Math.ceil(text.length / 3);
    for (let at = 0; at < text.length; at += third) {
      writeSync(open, text.slice(at, at + third));
      // That is what the test is about: a writer that takes its time.
      await delay(15);
    }
    closeSync(open);
  },
  'an atomic rename': (file, text) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  },
  'an editor save (write, unlink, rename)': (file, text) => {
    writeFileSync(`${file}.swp`, text);
    unlinkSync(file);
    renameSync(`${file}.swp`, file);
  },
  'an editor save that leaves no file for 100 ms': async (file, text) => {
    renameSync(file, `${file}~`);
    await delay(100);
    writeFileSync(file, text);
  },
};

test.each(Object.keys(ways))('%s takes effect again and again, and disturbs nobody', async (way) => {
  const { config, rightFile, wrongFile, startLoad, takesEffect } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  const tookMs: number[] = [];
  for (let round = 0; round < 3; round++) {
    await ways[way]?.(sidecar.configFile, config(wrongFile));
    tookMs.push(await takesEffect(sidecar, 'tls_cert_issuer_unknown', way, 5_000));
    await ways[way]?.(sidecar.configFile, config(rightFile));
    tookMs.push(await takesEffect(sidecar, 'trusted', way, 5_000));
  }
  // The promise is 1 s; one of six may have met a machine that was busy otherwise.
  expect(tookMs.sort((a, b) => a - b)[tookMs.length / 2]).toBeLessThanOrEqual(1_000);
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
  expect(await reloads(sidecar, 'success')).toBe(6);
  expect(await sidecar.stop()).toBe(0);
});

test('a deleted file leaves the old policy in force, and counts once it is back', async () => {
  const { config, rightFile, wrongFile, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  unlinkSync(sidecar.configFile);
  await untilReloads(sidecar, 'failure', 1);
  expect(await lastReloadSuccessful(sidecar)).toBe(0);
  expect(await trustOf(sidecar)).toBe('trusted');
  expect(errorsOf(sidecar)).toContainEqual(
    expect.objectContaining({ msg: 'the configuration does not exist' }),
  );

  writeFileSync(sidecar.configFile, config(wrongFile));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a file brought back');
  expect(await lastReloadSuccessful(sidecar)).toBe(1);
  await load.finish();
  // It was missed once, not at every look.
  expect(await reloads(sidecar, 'failure')).toBe(1);
});

function errorsOf(sidecar: SidecarProcess) {
  return sidecar.logs.filter(({ level }) => level === 'error');
}

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { createWorld, reloads } from './world.ts';

test('a CA file rotated under an unchanged YAML takes effect, written in place or renamed', async () => {
  const { config, folder, right, wrong, startLoad, takesEffect } = await createWorld();
  const bundle = join(folder, 'bundle.pem');
  writeFileSync(bundle, right);
  const sidecar = await startSidecar({ config: config(bundle) });
  const load = await startLoad(sidecar);
  for (let round = 0; round < 3; round++) {
    writeFileSync(bundle, wrong);
    await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a CA file written in place');
    writeFileSync(`${bundle}.new`, right);
    renameSync(`${bundle}.new`, bundle);
    await takesEffect(sidecar, 'trusted', 'a CA file renamed');
  }
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

test('a CA directory rotated under an unchanged YAML takes effect, file by file', async () => {
  const { config, folder, right, wrong, startLoad, takesEffect, trustOf } = await createWorld();
  const directory = join(folder, 'cas');
  mkdirSync(directory);
  const file = (name: string) => join(directory, name);
  writeFileSync(file('old.pem'), right);
  const sidecar = await startSidecar({ config: config(directory) });
  const load = await startLoad(sidecar);

  writeFileSync(file('other.crt'), wrong);
  rmSync(file('old.pem'));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a CA removed from the directory');
  writeFileSync(file('5ed36f99.0'), right);
  await takesEffect(sidecar, 'trusted', 'a CA added to the directory');
  writeFileSync(file('5ed36f99.0'), wrong);
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a CA of the directory written over');
  writeFileSync(file('.new'), right);
  renameSync(file('.new'), file('other.crt'));
  await takesEffect(sidecar, 'trusted', 'a CA of the directory replaced by a rename');
  // What does not count as a CA file sets off nothing.
  const before = await reloads(sidecar, 'success');
  writeFileSync(file('README'), 'no certificate');
  writeFileSync(file('.hidden.pem'), 'no certificate');
  await load.finish();
  expect(await trustOf(sidecar)).toBe('trusted');
  expect(await reloads(sidecar, 'success')).toBe(before);
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

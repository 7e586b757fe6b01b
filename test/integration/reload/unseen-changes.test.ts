import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { createWorld, reloads } from './world.ts';

test('a folder replaced above the configuration is taken up within 10 s, and watched from then on', async () => {
  const { config, folder, rightFile, wrongFile, startLoad, takesEffect } = await createWorld();
  // Two levels up, where nothing is watched.
  const place = (name: string, text: string) => {
    mkdirSync(join(folder, name, 'inner'), { recursive: true });
    const file = join(folder, name, 'inner', 'config.yaml');
    writeFileSync(file, text);
    return file;
  };
  const configFile = place('current', config(rightFile));
  place('next', config(wrongFile));
  const sidecar = await startSidecar({ configFile });
  const load = await startLoad(sidecar);
  renameSync(join(folder, 'current'), join(folder, 'old'));
  renameSync(join(folder, 'next'), join(folder, 'current'));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a folder above replaced by a rename', 10_000);
  // The file system tells again: of the folder that is there now.
  writeFileSync(configFile, config(rightFile));
  await takesEffect(sidecar, 'trusted', 'a write in the folder that came in its place');
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

test('a CA file in a folder that is made later is taken up within 10 s', async () => {
  const { config, folder, right, startLoad, takesEffect } = await createWorld();
  const later = join(folder, 'not', 'there', 'yet');
  const sidecar = await startSidecar({ config: config(join(later, 'ca.pem')) });
  const load = await startLoad(sidecar, ['steady']);
  mkdirSync(later, { recursive: true });
  writeFileSync(join(later, 'ca.pem'), right);
  await takesEffect(sidecar, 'trusted', 'a folder made after the start', 10_000);
  await load.finish();
});

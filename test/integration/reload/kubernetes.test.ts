import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { mountConfigMap } from './config-map.ts';
import { createWorld, reloads } from './world.ts';

test('a configuration in a ConfigMap follows three swaps in a row, and disturbs nobody', async () => {
  const { config, rightFile, wrongFile, folder, startLoad, takesEffect, trustOf } = await createWorld();
  const map = mountConfigMap(join(folder, 'etc'), { 'config.yaml': config(rightFile) });
  const sidecar = await startSidecar({ configFile: map.path('config.yaml') });
  expect(await trustOf(sidecar)).toBe('trusted');
  const load = await startLoad(sidecar);
  for (let swap = 0; swap < 4; swap++) {
    const [file, wanted] =
      swap % 2 === 0 ? ([wrongFile, 'tls_cert_issuer_unknown'] as const) : ([rightFile, 'trusted'] as const);
    map.update({ 'config.yaml': config(file) });
    await takesEffect(sidecar, wanted, `..data swap ${swap + 1} of the YAML`);
  }
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
  expect(await reloads(sidecar, 'success')).toBe(4);
});

test('a CA bundle in a ConfigMap of its own follows three swaps under an unchanged YAML', async () => {
  const { config, right, wrong, folder, startLoad, takesEffect, trustOf } = await createWorld();
  const map = mountConfigMap(join(folder, 'certs'), { 'ca.pem': right });
  const sidecar = await startSidecar({ config: config(map.path('ca.pem')) });
  expect(await trustOf(sidecar)).toBe('trusted');
  const load = await startLoad(sidecar);
  for (let swap = 0; swap < 4; swap++) {
    const [pem, wanted] =
      swap % 2 === 0 ? ([wrong, 'tls_cert_issuer_unknown'] as const) : ([right, 'trusted'] as const);
    map.update({ 'ca.pem': pem });
    await takesEffect(sidecar, wanted, `..data swap ${swap + 1} of the bundle`);
  }
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

test('a ConfigMap as the CA directory, mounted as a whole, follows its swaps', async () => {
  const { config, right, wrong, folder, startLoad, takesEffect, trustOf } = await createWorld();
  const map = mountConfigMap(join(folder, 'certs'), { 'ca.pem': right });
  const sidecar = await startSidecar({ config: config(join(folder, 'certs')) });
  expect(await trustOf(sidecar)).toBe('trusted');
  const load = await startLoad(sidecar);
  for (const [pem, wanted] of [
    [wrong, 'tls_cert_issuer_unknown'],
    [right, 'trusted'],
    [wrong, 'tls_cert_issuer_unknown'],
  ] as const) {
    map.update({ 'ca.pem': pem });
    await takesEffect(sidecar, wanted, '..data swap under a CA directory');
  }
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

test('the YAML and the bundle that it names change in one swap, in one reload', async () => {
  const { config, right, wrong, folder, startLoad, takesEffect } = await createWorld();
  const both = (pem: string, name: string) => ({ 'config.yaml': config(name), 'a.pem': pem, 'b.pem': pem });
  const map = mountConfigMap(join(folder, 'etc'), both(right, 'a.pem'));
  const sidecar = await startSidecar({ configFile: map.path('config.yaml') });
  const load = await startLoad(sidecar);
  for (const [pem, name, wanted] of [
    [wrong, 'b.pem', 'tls_cert_issuer_unknown'],
    [right, 'a.pem', 'trusted'],
    [wrong, 'a.pem', 'tls_cert_issuer_unknown'],
  ] as const) {
    map.update(both(pem, name));
    await takesEffect(sidecar, wanted, '..data swap of YAML and bundle together');
  }
  await load.finish();
  expect(await reloads(sidecar, 'failure')).toBe(0);
  expect(await reloads(sidecar, 'success')).toBe(3);
});

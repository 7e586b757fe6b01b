import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cleanUp } from '../../harness/clean-up.ts';
import { poll } from '../../harness/poll.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { createWorld } from './world.ts';

const cannotMount = toolMissing('mount') || toolMissing('unshare') || !mayMount();

/** Being root is not enough in a container. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore', timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/** Mounts one file over another, as Kubernetes does for a subPath and Docker for `-v file:file`. */
function bindFile(source: string, target: string): void {
  writeFileSync(target, '');
  execFileSync('mount', ['--bind', source, target], { timeout: 5_000 });
  cleanUp(() => execFileSync('umount', [target], { timeout: 5_000 }));
}

const warned = (sidecar: SidecarProcess) =>
  sidecar.logs
    .filter(({ level, msg }) => level === 'warn' && /subPath mount never changes/.test(String(msg)))
    .map(({ file }) => file);

it.skipIf(cannotMount)('warns of a file that is mounted by itself, once (needs mount and root)', async () => {
  const { config, folder, rightFile, wrongFile } = await createWorld();
  const [bound, later] = [join(folder, 'bound.pem'), join(folder, 'bound later.pem')];
  bindFile(rightFile, bound);
  bindFile(wrongFile, later);
  const sidecar = await startSidecar({ config: config(bound) });
  // Before it is ready, so that whoever deploys it sees it among the first lines.
  expect(warned(sidecar)).toEqual([bound]);
  expect(sidecar.logs.find(({ file }) => file === bound)).toMatchObject({
    hint: 'mount the directory that holds the file, without subPath',
  });
  await sidecar.reload();
  sidecar.writeConfig(config(later));
  await sidecar.reload();
  await poll(() => warned(sidecar).length > 1, { what: 'the warning of the second file' });
  expect(warned(sidecar)).toEqual([bound, later]);
});

it.skipIf(cannotMount)('says nothing of a directory that is mounted (needs mount and root)', async () => {
  const { config, folder, rightFile } = await createWorld();
  execFileSync('mount', ['--bind', folder, folder], { timeout: 5_000 });
  cleanUp(() => execFileSync('umount', [folder], { timeout: 5_000 }));
  const sidecar = await startSidecar({ config: config(rightFile) });
  const whole = await startSidecar({ config: config(folder) });
  expect([...warned(sidecar), ...warned(whole)]).toEqual([]);
});

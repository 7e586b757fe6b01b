import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFileMounts } from '../../../src/reload/mount-points.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** A folder with a file, and a mountinfo in which these paths are mount points. */
function prepare(...points: string[]) {
  const folder = realpathSync(temporaryDirectory());
  const file = join(folder, 'ca bundle.pem');
  writeFileSync(file, '');
  const mountInfo = join(folder, 'mountinfo');
  const escape = (path: string) =>
    path.replace(/[ \\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
  const lines = points.map(
    (point, index) =>
      `${36 + index} 35 98:0 /source ${escape(join(folder, point))} rw,noatime master:1 - ext4 /dev/root rw`,
  );
  writeFileSync(mountInfo, `${lines.join('\n')}\n`);
  return { folder, file, mountInfo };
}

test('a file that is a mount point is found, spaces in its name included', async () => {
  const { folder, file, mountInfo } = prepare('ca bundle.pem', 'elsewhere');
  const other = join(folder, 'other.pem');
  writeFileSync(other, '');
  expect(await findFileMounts([other, file], mountInfo)).toEqual([file]);
});

test('a file below a mount point is none, and neither is a directory that is mounted', async () => {
  const { folder, mountInfo } = prepare('certs');
  mkdirSync(join(folder, 'certs'));
  const inside = join(folder, 'certs', 'ca.pem');
  writeFileSync(inside, '');
  expect(await findFileMounts([join(folder, 'certs'), inside], mountInfo)).toEqual([]);
});

test('a link that leads to such a file is found by the name that was given', async () => {
  const { folder, file, mountInfo } = prepare('ca bundle.pem');
  const link = join(folder, 'link.pem');
  symlinkSync(file, link);
  expect(await findFileMounts([link], mountInfo)).toEqual([link]);
});

test('where there is no mountinfo or no such file nothing is found', async () => {
  const { folder, file, mountInfo } = prepare('ca bundle.pem', 'gone.pem');
  expect(await findFileMounts([file], join(folder, 'none'))).toEqual([]);
  expect(await findFileMounts([join(folder, 'gone.pem')], mountInfo)).toEqual([]);
});

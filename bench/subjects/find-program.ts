import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Finds a command; Debian has its servers where the `PATH` of a user does not lead. */
export function findProgram(name: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The first group of the pattern in what a command says of itself; undefined where it is not installed. */
export function versionOf(name: string, argument: string, pattern: RegExp): string | undefined {
  const path = findProgram(name);
  if (path === undefined) return undefined;
  const { stdout, stderr } = spawnSync(path, [argument], { encoding: 'utf8', timeout: 30_000 });
  return pattern.exec(stdout + stderr)?.[1] ?? 'of unknown version';
}

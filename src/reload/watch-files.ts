import { watch, type FSWatcher } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import path from 'node:path';

/** Follows files through every change that editors, tools and Kubernetes make to them. */
export interface FileWatcher {
  /** Watches these from now on, in place of those before. */
  follow(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Directories are watched, never the files: a ConfigMap is swapped by renaming the `..data` link beside them, and a
 * watch on the file sees the first swap and then nothing. A directory that is not there, or that the system will not
 * watch (no inotify instance left), is left to polling.
 *
 * @param onChange called for anything that may concern the files; what really changed is for the caller to find out
 */
export function createFileWatcher(onChange: () => void, onError: (error: unknown) => void): FileWatcher {
  const watchers = new Map<string, Watched>();
  let names: ReadonlySet<string> = new Set();
  let isClosed = false;

  const concerns = (directory: string, name: string | null): boolean =>
    name === null ||
    names.has(directory) ||
    names.has(path.join(directory, name)) ||
    // The directory itself is gone.
    name === path.basename(directory);

  const drop = (directory: string, watcher: FSWatcher): void => {
    if (watchers.get(directory)?.watcher === watcher) watchers.delete(directory);
    watcher.close();
  };

  const open = async (directory: string): Promise<void> => {
    const identity = await identityOf(directory);
    if (isClosed || identity === undefined) return;
    try {
      const watcher = watch(directory, (_, name) => {
        if (concerns(directory, name)) onChange();
      });
      watchers.set(directory, { watcher, identity });
      watcher.on('error', (error) => {
        drop(directory, watcher);
        onError(error);
      });
    } catch (error) {
      onError(error);
    }
  };

  return {
    async follow(files) {
      const hops = await Promise.all(files.map((file) => linkHops(file)));
      names = new Set(hops.flat());
      const directories = new Set([...names].map((name) => path.dirname(name)));
      for (const [directory, { watcher, identity }] of [...watchers]) {
        // One that was put in the place of another, by a rename above it, is not watched yet.
        if (directories.has(directory) && (await identityOf(directory)) === identity) continue;
        drop(directory, watcher);
      }
      await Promise.all([...directories].filter((directory) => !watchers.has(directory)).map(open));
    },
    close() {
      isClosed = true;
      for (const { watcher } of watchers.values()) watcher.close();
      return Promise.resolve();
    },
  };
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

/** Which directory a path leads to; undefined where there is none. */
async function identityOf(directory: string): Promise<string | undefined> {
  return stat(directory).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => undefined,
  );
}

/** As many links as Linux follows (MAXSYMLINKS). */
const maxHops = 40;

/**
 * Every name by whose change a path could come to mean something else: each symbolic link on the way, and the file
 * at the end of it.
 */
async function linkHops(file: string): Promise<string[]> {
  const hops: string[] = [];
  let pending = path.resolve(file).split(path.sep).slice(1);
  let current: string = path.sep;
  while (pending.length > 0) {
    const [name = '', ...rest] = pending;
    const next = path.join(current, name);
    const isLink = await lstat(next).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (!isLink || hops.length > maxHops) {
      current = next;
      pending = rest;
      continue;
    }
    hops.push(next);
    const target = path.resolve(current, await readlink(next).catch(() => name));
    pending = [...target.split(path.sep).slice(1), ...rest];
    current = path.sep;
  }
  return [...hops, current];
}

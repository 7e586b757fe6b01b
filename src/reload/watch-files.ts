import { watch, type FSWatcher } from 'chokidar';
import { once } from 'node:events';
import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';

/** Follows files through every change that editors, tools and Kubernetes make to them. */
export interface FileWatcher {
  /** Watches these from now on, in place of those before. */
  follow(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Directories are watched, never the files: a ConfigMap is swapped by renaming the `..data` link beside them, and a
 * watch on the file sees the first swap and then nothing.
 *
 * @param onChange called for anything that may concern the files; what really changed is for the caller to find out
 */
export function createFileWatcher(onChange: () => void, onError: (error: unknown) => void): FileWatcher {
  let watcher: FSWatcher | undefined;
  let watched = '';
  return {
    async follow(files) {
      const names = new Set<string>();
      for (const file of files) for (const hop of await linkHops(file)) names.add(hop);
      const key = [...names].sort().join('\n');
      if (key === watched) return;
      watched = key;
      await watcher?.close();
      const directories = new Set([...names].map((name) => path.dirname(name)));
      watcher = watch([...directories], {
        depth: 0,
        followSymlinks: false,
        ignoreInitial: true,
        // What is gone for a moment is for the reload to wait for; here it would only cost time.
        atomic: false,
        ignored: (candidate) =>
          !directories.has(candidate) && !names.has(candidate) && !names.has(path.dirname(candidate)),
      });
      watcher.on('all', onChange).on('error', onError);
      // Where the system will not watch (no inotify instance left, a directory that must not be listed), polling has to do.
      const failed = once(watcher, 'error').then(() => (watched = ''));
      await Promise.race([once(watcher, 'ready'), failed]).catch(() => (watched = ''));
    },
    async close() {
      await watcher?.close();
    },
  };
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

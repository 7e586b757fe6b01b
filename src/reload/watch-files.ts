import type { FSWatcher } from 'chokidar';
import { once } from 'node:events';
import { lstat, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Follows files through every change that editors, tools and Kubernetes make to them. */
export interface FileWatcher {
  /** Watches these from now on, in place of those before. */
  follow(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A directory that takes longer to be read must not hold up the next reload: polling bridges the while. */
const readyMs = 2_000;

/**
 * Directories are watched, never the files: a ConfigMap is swapped by renaming the `..data` link beside them, and a
 * watch on the file sees the first swap and then nothing. Each has a watcher of its own, which stays for as long as a
 * file in it counts: to read the system's directory of certificates anew at each reload takes a while.
 *
 * @param onChange called for anything that may concern the files; what really changed is for the caller to find out
 */
export function createFileWatcher(onChange: () => void, onError: (error: unknown) => void): FileWatcher {
  const watchers = new Map<string, Watched>();
  let names: ReadonlySet<string> = new Set();
  let isClosed = false;
  const closed = Promise.withResolvers<undefined>();

  const open = async (directory: string): Promise<void> => {
    const [identity, { watch }] = await Promise.all([identityOf(directory), import('chokidar')]);
    if (isClosed) return;
    const watcher = watch(directory, {
      depth: 0,
      followSymlinks: false,
      ignoreInitial: true,
      // What is gone for a moment is for the reload to wait for; here it would only cost time.
      atomic: false,
      ignored: (candidate) =>
        candidate !== directory && !names.has(candidate) && !names.has(path.dirname(candidate)),
    });
    watchers.set(directory, { watcher, identity });
    watcher.on('all', onChange).on('error', onError);
    // Where the system will not watch (no inotify instance left, a directory that must not be listed), polling has to do.
    const forget = () => watchers.delete(directory);
    const failed = once(watcher, 'error').then(forget);
    const late = sleep(readyMs, undefined, { ref: false });
    await Promise.race([once(watcher, 'ready'), failed, late, closed.promise]).catch(forget);
  };

  return {
    async follow(files) {
      const hops = await Promise.all(files.map((file) => linkHops(file)));
      names = new Set(hops.flat());
      const directories = new Set([...names].map((name) => path.dirname(name)));
      const gone: FSWatcher[] = [];
      for (const [directory, { watcher, identity }] of watchers) {
        // One that was put in the place of another, by a rename above it, is not watched yet.
        if (directories.has(directory) && (await identityOf(directory)) === identity) continue;
        watchers.delete(directory);
        gone.push(watcher);
      }
      const fresh = [...directories].filter((directory) => !watchers.has(directory));
      await Promise.all([...gone.map((watcher) => watcher.close()), ...fresh.map(open)]);
    },
    async close() {
      isClosed = true;
      closed.resolve(undefined);
      await Promise.all([...watchers.values()].map(({ watcher }) => watcher.close()));
    },
  };
}

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string | undefined;
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

import type { Problem } from '../config/problem.ts';
import { hasErrors, loadConfig, type ConfigLocation, type LoadedConfig } from '../snapshot/load-config.ts';
import type { Snapshot, SnapshotStore } from '../snapshot/snapshot.ts';
import { digestPath, digestRegularFile } from '../trust/load-bundle.ts';
import { createFileWatcher, type FileWatcher } from './watch-files.ts';

/** What set a reload off. */
export type Trigger = 'change' | 'signal' | 'request';

/** How a reload ended. `failed` may go with a snapshot in force: what spoils single entries leaves the rest working. */
export interface ReloadReport {
  readonly trigger: Trigger;
  readonly failed: boolean;
  readonly problems: readonly Problem[];
  /** The snapshot that was in force before. */
  readonly before: Snapshot;
}

/** What a reloader takes. */
export interface ReloaderOptions {
  readonly location: ConfigLocation;
  readonly store: SnapshotStore;
  /** The files of the first load. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Called after the step, in the same tick. */
  readonly onReload: (report: ReloadReport) => void;
  readonly onWatchError: (error: unknown) => void;
  readonly pollMs?: number;
}

/** The floor for file systems that tell nothing. */
const defaultPollMs = 5_000;
/** Writers write in pieces: after the first event this long, and as long again until two looks agree. */
const settleMs = 40;
/** A file that has just gone or is empty is most likely about to be replaced. */
const vanishedLooks = 8;
const maxLooks = 20;

/** Keeps the snapshot in force up to date with its files: builds whole, then swaps once, one reload at a time. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #watcher: FileWatcher;
  readonly #poll: NodeJS.Timeout;
  #inputs: ReadonlyMap<string, string>;
  #tail: Promise<unknown> = Promise.resolve();
  /** Looks asked for since the one under way began; 0 where none is. */
  #looksWanted = 0;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inputs = options.inputs;
    this.#watcher = createFileWatcher(() => void this.#look(), options.onWatchError);
    this.#poll = setInterval(() => void this.#look(), options.pollMs ?? defaultPollMs).unref();
  }

  /** Begins to watch. */
  async start(): Promise<void> {
    await this.#follow();
  }

  /** What is watched: the YAML, and every file and directory that it names. */
  get files(): string[] {
    return [...this.#inputs.keys()];
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    await this.#watcher.close();
  }

  /** Reloads now, after those under way. */
  reload(trigger: Trigger): Promise<ReloadReport> {
    const next = this.#tail.then(() => this.#reload(trigger));
    this.#tail = next.catch(() => undefined);
    return next;
  }

  async #reload(trigger: Trigger): Promise<ReloadReport> {
    const { store, location, onReload } = this.#options;
    const before = store.current();
    const loaded: LoadedConfig = await loadConfig(location, before);
    this.#inputs = loaded.inputs;
    if (loaded.snapshot !== undefined) store.replace(loaded.snapshot);
    const report = { trigger, failed: hasErrors(loaded.problems), problems: loaded.problems, before };
    onReload(report);
    await this.#follow();
    return report;
  }

  async #follow(): Promise<void> {
    await this.#watcher.follow(this.files);
    // For what changed between the reading and the watching.
    void this.#look();
  }

  /** Looks whether the files really changed and have come to rest, and reloads if so. */
  async #look(): Promise<void> {
    this.#looksWanted++;
    if (this.#looksWanted > 1) return;
    try {
      for (let served = 0; served < this.#looksWanted;) {
        served = this.#looksWanted;
        if (await this.#changedAndSettled()) await this.reload('change');
      }
    } catch (error) {
      this.#options.onWatchError(error);
    } finally {
      this.#looksWanted = 0;
    }
  }

  async #changedAndSettled(): Promise<boolean> {
    let last = await this.#digests();
    if (this.#isAsLoaded(last)) return false;
    let vanished = 0;
    for (let look = 0; look < maxLooks; look++) {
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const now = await this.#digests();
      const settled = [...now].every(([file, digest]) => last.get(file) === digest);
      if (settled && (!this.#hasVanished(now) || ++vanished >= vanishedLooks)) return !this.#isAsLoaded(now);
      last = now;
    }
    return true;
  }

  async #digests(): Promise<Map<string, string>> {
    const { files } = this;
    const yaml = this.#options.location.file;
    const digests = await Promise.all(
      files.map((file) => (file === yaml ? digestRegularFile(file) : digestPath(file))),
    );
    return new Map(files.map((file, index) => [file, digests[index] ?? '']));
  }

  #isAsLoaded(digests: ReadonlyMap<string, string>): boolean {
    return [...this.#inputs].every(([file, digest]) => digests.get(file) === digest);
  }

  #hasVanished(digests: ReadonlyMap<string, string>): boolean {
    return [...digests].some(
      ([file, digest]) => isNothing(digest) && !isNothing(this.#inputs.get(file) ?? ''),
    );
  }
}

/** SHA-256 of no bytes at all. */
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

function isNothing(digest: string): boolean {
  return digest === emptySha256 || digest === 'does not exist';
}

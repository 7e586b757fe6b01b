import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '../config/problem.ts';
import { inSlices, type Steps } from '../config/steps.ts';
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
  readonly inputs: Inputs;
  /** Warnings about a snapshot that is about to be put in force. */
  readonly rehearse: (next: Snapshot, before: Snapshot) => Steps<readonly Problem[]>;
  /** Called after the step, in the same tick; what it takes longer for ends before the next reload begins. */
  readonly onReload: (report: ReloadReport) => Promise<void>;
  readonly onWatchError: (error: unknown) => void;
  readonly pollMs?: number;
}

/** The floor for file systems that tell nothing. */
const defaultPollMs = 5_000;
/** Writers write in pieces: two looks this far apart have to agree before what they see is read. */
const settleMs = 40;
const maxLooks = 20;
/** A file that is being replaced is gone or broken for a moment: a failure has to last this many looks. */
const patientLooks = 8;
/** So that a writer who never comes to an end does not hold up the report for ever. */
const maxAttempts = 5;

/** More than a reload takes. */
const closeMs = 2_000;

/** Keeps the snapshot in force up to date with its files: builds whole, then swaps once, one reload at a time. */
export class Reloader {
  readonly #options: ReloaderOptions;
  readonly #watcher: FileWatcher;
  readonly #poll: NodeJS.Timeout;
  #inputs: Inputs;
  #tail: Promise<unknown> = Promise.resolve();
  /** Looks asked for since the one under way began; 0 where none is. */
  #looksWanted = 0;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inputs = options.inputs;
    this.#watcher = createFileWatcher(() => void this.#look(), options.onWatchError);
    this.#poll = setInterval(() => void this.#look(), options.pollMs ?? defaultPollMs).unref();
  }

  /** Begins to watch. What changed since the first load is seen then: nobody has to wait for it. */
  start(): void {
    this.#tail = this.#follow().catch(this.#options.onWatchError);
  }

  /** What is watched: the YAML, and every file and directory that it names. */
  get files(): string[] {
    return [...this.#inputs.keys()];
  }

  /** Waits for a reload under way, but for no file system that hangs. */
  async close(): Promise<void> {
    clearInterval(this.#poll);
    await this.#watcher.close();
    await Promise.race([this.#tail, sleep(closeMs, undefined, { ref: false })]);
  }

  /** Reloads now, after those under way. */
  reload(trigger: Trigger): Promise<ReloadReport> {
    const next = this.#tail.then(() => this.#reload(trigger));
    // Without the report, which holds the snapshot that was in force before.
    this.#tail = next.then(
      () => undefined,
      () => undefined,
    );
    return next;
  }

  async #reload(trigger: Trigger): Promise<ReloadReport> {
    const { store, location, onReload, rehearse } = this.#options;
    const before = store.current();
    const loaded =
      trigger === 'change' ? await this.#loadPatiently(before) : await loadConfig(location, before);
    this.#inputs = loaded.inputs;
    const { snapshot } = loaded;
    const rehearsed = snapshot === undefined ? [] : await inSlices(rehearse(snapshot, before));
    const problems = [...loaded.problems, ...rehearsed];
    if (snapshot !== undefined) store.replace(snapshot);
    const report = { trigger, failed: hasErrors(problems), problems, before };
    await onReload(report);
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
    let last = await this.#digests(this.#inputs);
    if (isSame(last, this.#inputs)) return false;
    for (let look = 0; look < maxLooks; look++) {
      await sleep(settleMs);
      const now = await this.#digests(this.#inputs);
      if (isSame(now, last)) return !isSame(now, this.#inputs);
      last = now;
    }
    return true;
  }

  /** Loads what was written, and where that has errors waits whether it is being written still. */
  async #loadPatiently(before: Snapshot): Promise<LoadedConfig> {
    let loaded = await loadConfig(this.#options.location, before);
    for (let attempt = 1; attempt < maxAttempts && hasErrors(loaded.problems); attempt++) {
      if (!(await this.#changesSoon(loaded.inputs))) break;
      loaded = await loadConfig(this.#options.location, before);
    }
    return loaded;
  }

  async #changesSoon(inputs: Inputs): Promise<boolean> {
    for (let look = 0; look < patientLooks; look++) {
      await sleep(settleMs);
      if (!isSame(await this.#digests(inputs), inputs)) return true;
    }
    return false;
  }

  async #digests(inputs: Inputs): Promise<Inputs> {
    const files = [...inputs.keys()];
    const yaml = this.#options.location.file;
    const digests = await Promise.all(
      files.map((file) => (file === yaml ? digestRegularFile(file) : digestPath(file))),
    );
    return new Map(files.map((file, index) => [file, digests[index] ?? '']));
  }
}

/** Files and directories with a digest of what was there. */
type Inputs = ReadonlyMap<string, string>;

function isSame(some: Inputs, others: Inputs): boolean {
  return [...some].every(([file, digest]) => others.get(file) === digest);
}

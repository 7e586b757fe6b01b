import { setTimeout as sleep } from 'node:timers/promises';
import type { CaFault } from '../ca/ca-fault.ts';
import { LocalCa } from '../ca/local-ca.ts';
import type { SnapshotStore } from '../snapshot/snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Short, for a timer of months would not survive a suspended machine; a file that was deleted is back within it. */
const tickMs = 60_000;

/** More than all of its files take. */
const closeMs = 2_000;

/** What it looks at and reports to. */
interface CaKeeperContext {
  readonly store: SnapshotStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Keeps the local CA in step with the configuration and the clock, and tells what becomes of it. */
export class CaKeeper {
  readonly ca: LocalCa;
  readonly #context: CaKeeperContext;
  readonly #timer: NodeJS.Timeout;
  #fault: CaFault | undefined;
  /** Ends with the refresh that was begun last: they run one after the other. */
  #lastRefresh: Promise<void> = Promise.resolve();

  constructor(context: CaKeeperContext) {
    this.#context = context;
    const { store, logger } = context;
    this.ca = new LocalCa(store.current().config.settings.ca, {
      onFault: ({ severity, message, hint }) =>
        logger[severity === 'error' ? 'error' : 'warn']({ hint }, `ca: ${message}`),
    });
    this.#timer = setInterval(() => void this.refresh(), tickMs).unref();
  }

  /** After a load of the configuration, and every minute. Never rejects. */
  refresh(): Promise<void> {
    this.#lastRefresh = this.#refresh();
    return this.#lastRefresh;
  }

  async #refresh(): Promise<void> {
    const { store, logger, metrics } = this.#context;
    await this.ca.refresh(store.current().ca);
    const { fault, notAfterMs } = this.ca;
    metrics.showLocalCa(notAfterMs);
    if (fault?.message !== this.#fault?.message) {
      if (fault === undefined) logger.info('the local CA is usable again');
      else
        // What is wrong was told with its place if it was found in the files.
        logger.error(
          { ca: fault.message, hint: fault.hint },
          'no local CA: until that is mended a CONNECT to a listed host answers configuration_unusable, all other routes work',
        );
    }
    this.#fault = fault;
  }

  /** Where clients find what they have to trust: `ca.directory` starts at a working directory that may be anywhere. */
  reportBundle(): void {
    const { bundle, fault } = this.describe();
    if (fault === undefined)
      this.#context.logger.info({ bundle }, 'clients of the CONNECT route have to trust this');
  }

  /** Where its bundle is, until when it signs, and what is wrong with it. */
  describe(): { bundle: string; notAfterMs: number | undefined; fault: string | undefined } {
    const { bundleFile, notAfterMs } = this.ca;
    return { bundle: bundleFile, notAfterMs, fault: this.#fault?.message };
  }

  /** Waits for files that are being written, but for no file system that hangs. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#lastRefresh, sleep(closeMs, undefined, { ref: false })]);
  }
}

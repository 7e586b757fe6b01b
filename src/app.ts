import { randomBytes } from 'node:crypto';
import type { DestinationStream } from 'pino';
import { AdminListener } from './admin/admin-listener.ts';
import { isLoopbackHost, type Authority } from './authority.ts';
import { inSlices } from './config/steps.ts';
import { isInForce } from './policy/decide.ts';
import type { CompiledEntry } from './policy/table.ts';
import { Failure } from './failure.ts';
import { drain } from './proxy/drain.ts';
import { ProxyListener } from './proxy/listener.ts';
import { CaKeeper } from './reload/ca-keeper.ts';
import { findFileMounts } from './reload/mount-points.ts';
import { rehearse } from './reload/rehearse.ts';
import { Reloader, type ReloadReport, type Trigger } from './reload/reloader.ts';
import { DeadlineWatch } from './reload/watch-deadlines.ts';
import type { ConfigLocation } from './snapshot/load-config.ts';
import { SnapshotStore } from './snapshot/snapshot.ts';
import { loadFirst, listenProblem, StartError, type FirstLoad } from './start-problems.ts';
import { Status, type StatusContext } from './status/status.ts';
import { createLogger, endLog, forFlatLines, loggableError, type Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';
import {
  reportFileMounts,
  reportNearDeadline,
  reportPassedDeadlines,
  reportProblems,
  reportReload,
  reportStart,
} from './telemetry/report-config.ts';
import { recordOutcome, type Outcome } from './telemetry/request-log.ts';
import { ChainsSeen } from './upstream/chains-seen.ts';
import { Pool } from './upstream/pool.ts';
import { createAddressGuard } from './upstream/prohibited-address.ts';
import { createLookup, type Lookup } from './upstream/resolve.ts';
import { version } from './version.ts';

export { StartError } from './start-problems.ts';

/** How a sidecar is started. */
export interface StartOptions extends ConfigLocation {
  /** In place of the system's resolver: tests name hosts without DNS. */
  readonly lookup?: Lookup;
  /** Where log lines go; stdout if it is not given. */
  readonly logDestination?: DestinationStream;
  /** How often files are looked at where the file system tells nothing. */
  readonly pollMs?: number;
}

/** A running sidecar. */
export interface Sidecar {
  /** `host:port` of the first proxy listener. */
  readonly proxy: string;
  /** `host:port` of the admin listener. */
  readonly admin: string;
  reload(trigger: Trigger, options?: { closeChanged: boolean }): Promise<ReloadReport>;
  /** Logs an exception that nothing caught: a bug, which must not end the process. */
  reportBug(error: unknown): void;
  /** Serves until nothing is open or `timeouts.drain` is over, then ends. */
  drain(): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

/**
 * Starts a sidecar: the composition root, where the rooms are wired together.
 *
 * @throws StartError where the configuration is refused as a whole or an address cannot be had
 */
export async function start(options: StartOptions): Promise<Sidecar> {
  const first = await loadFirst(options);
  return new App(options, first).listen(first);
}

class App implements Sidecar {
  proxy = '';
  admin = '';
  readonly #options: StartOptions;
  readonly #store: SnapshotStore;
  readonly #logger: Logger;
  readonly #requestLog: Logger;
  readonly #metrics: Metrics;
  readonly #status: Status;
  readonly #pool: Pool;
  readonly #chainsSeen = new ChainsSeen();
  readonly #deadlines: DeadlineWatch;
  readonly #caKeeper: CaKeeper;
  readonly #listener: ProxyListener;
  readonly #adminListener: AdminListener;
  readonly #reloader: Reloader;
  #proxyAddresses: readonly { host: string; port: number }[] = [];
  #adminPort: number | undefined;
  #ready = false;
  #isDraining = false;
  /** Servers of which it was said that they want OAuth. */
  readonly #advised = new Set<string>();
  /** Those that were warned of. */
  readonly #fileMounts = new Set<string>();

  constructor(options: StartOptions, first: FirstLoad) {
    this.#options = options;
    this.#store = new SnapshotStore(first.snapshot);
    this.#logger = createLogger(first.snapshot.config.settings.log.level, options.logDestination);
    this.#requestLog = forFlatLines(this.#logger);
    this.#metrics = new Metrics(version, {
      openStreams: () => countByServer(this.#listener.visits),
      openConnections: () => this.#pool.openByServer(),
    });
    this.#status = new Status({ store: this.#store, version, live: () => this.#live() });
    const via = `mcp-tls-sidecar-${randomBytes(4).toString('hex')}`;
    this.#pool = new Pool({
      via,
      lookup: options.lookup ?? createLookup(),
      guard: createAddressGuard(() => this.#ownPorts()),
      listener: {
        handshakeDone: (event) => {
          this.#metrics.handshakeDone(event);
          this.#status.sightings.handshakeDone(event);
          if (event.presented.length > 0) this.#chainsSeen.record(event);
        },
        handshakeFailed: (event) => {
          this.#metrics.handshakeFailed(event);
          this.#status.sightings.handshakeFailed(event);
        },
      },
    });
    this.#caKeeper = new CaKeeper({ store: this.#store, logger: this.#logger, metrics: this.#metrics });
    this.#listener = new ProxyListener({
      store: this.#store,
      pool: this.#pool,
      via,
      ca: this.#caKeeper.ca,
      isDraining: () => this.#isDraining,
      onProtectedResource: (server) => this.#adviseConnect(server),
      isOwnListener: (authority) => this.#isOwnListener(authority),
      logger: this.#logger,
      onOutcome: (outcome) => this.#record(outcome),
    });
    this.#deadlines = new DeadlineWatch(
      this.#store,
      {
        onPassed: (entries) => this.#afterDeadlines(entries),
        onNear: (entry) => reportNearDeadline(this.#logger, entry),
      },
      options.now,
    );
    this.#adminListener = new AdminListener({
      metrics: this.#metrics,
      isReady: () => this.#ready,
      allowedHosts: () => this.#store.current().config.settings.allowedHosts,
      status: () => this.#status.describe(),
      reload: (how) => this.reload('request', how),
    });
    this.#reloader = new Reloader({
      location: options,
      store: this.#store,
      inputs: first.inputs,
      rehearse: (next, before) => rehearse(next, before, [...this.#chainsSeen.all()]),
      onReload: (report) => this.#afterReload(report),
      onWatchError: (error) =>
        this.#logger.warn({ error: String(error) }, 'watching files failed, polling goes on'),
      ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    });
  }

  /** @param first not kept: a configuration that is no longer in force is to be forgotten */
  async listen(first: FirstLoad): Promise<this> {
    const { snapshot, problems, failed } = first;
    const { listen, admin } = snapshot.config.settings;
    // The CA before the first client can come; it mostly waits for the disk.
    await Promise.all([this.#caKeeper.refresh(), inSlices(this.#metrics.showSnapshot(snapshot))]);
    this.#metrics.showLoad(failed, false);
    this.#status.loaded(failed, problems);
    try {
      this.#proxyAddresses = await this.#listener.listen(listen);
      const adminAddress = await this.#adminListener.listen(admin);
      this.#adminPort = adminAddress.port;
      this.admin = `${adminAddress.host}:${adminAddress.port}`;
    } catch (error) {
      await this.close();
      throw new StartError(listenProblem(error as NodeJS.ErrnoException, [...listen, admin]), {
        cause: error,
      });
    }
    const [address = { host: '', port: 0 }] = this.#proxyAddresses;
    this.proxy = `${address.host}:${address.port}`;
    reportStart(this.#logger, snapshot, this.#options.env);
    this.#caKeeper.reportBundle();
    await inSlices(reportProblems(this.#logger, problems));
    await this.#warnOfFileMounts();
    this.#deadlines.acknowledge();
    this.#ready = true;
    const addresses = this.#proxyAddresses.map(({ host, port }) => `${host}:${port}`);
    this.#logger.info({ proxy: this.proxy, admin: this.admin, listen: addresses }, 'ready');
    this.#reloader.start();
    return this;
  }

  async reload(trigger: Trigger, options?: { closeChanged: boolean }): Promise<ReloadReport> {
    const report = await this.#reloader.reload(trigger);
    // After this very reload: one that was under way before may not have seen the change.
    if (options?.closeChanged === true) this.#endChanged();
    return report;
  }

  reportBug(error: unknown): void {
    this.#logger.error(
      { error: loggableError(error), stack: error instanceof Error ? error.stack : undefined },
      'bug',
    );
  }

  async drain(): Promise<void> {
    this.#ready = false;
    this.#isDraining = true;
    this.#logger.info('draining');
    await drain(this.#listener, this.#store.current().config.settings.timeouts.drainMs);
    await this.#end();
    this.#logger.info('drained');
    await endLog(this.#logger);
  }

  async close(): Promise<void> {
    await this.#end();
    await endLog(this.#logger);
  }

  async #end(): Promise<void> {
    this.#ready = false;
    const closed = this.#listener.close();
    this.#listener.destroy();
    this.#adminListener.close();
    this.#deadlines.close();
    this.#pool.close();
    await Promise.all([closed, this.#reloader.close()]);
    // After the last reload, which may have had it write files.
    await this.#caKeeper.close();
  }

  #record(outcome: Outcome): void {
    const { requests } = this.#store.current().config.settings.log;
    recordOutcome({ logger: this.#requestLog, metrics: this.#metrics, requests }, outcome);
    this.#status.sightings.requestDone(outcome);
  }

  /** What the status tells of this moment. */
  #live(): ReturnType<StatusContext['live']> {
    return {
      isReady: this.#ready,
      localCa: this.#caKeeper.describe(),
      openStreams: countByServer(this.#listener.visits),
      openConnections: this.#pool.openByServer(),
    };
  }

  /** In the same tick as the step, so that nothing of the old policy outlives it; what only tells of it may take longer. */
  async #afterReload(report: ReloadReport): Promise<void> {
    const snapshot = this.#store.current();
    this.#pool.retain(this.#holds());
    this.#logger.level = snapshot.config.settings.log.level;
    this.#requestLog.level = snapshot.config.settings.log.level;
    this.#metrics.showLoad(report.failed, true);
    this.#status.loaded(report.failed, report.problems);
    this.#deadlines.acknowledge();
    void this.#caKeeper.refresh();
    void this.#warnOfFileMounts();
    await inSlices(reportReload(this.#logger, report, snapshot));
    await inSlices(this.#metrics.showSnapshot(snapshot));
  }

  /** A policy step like a reload, but for what is in the files: those may be broken at this moment. */
  #afterDeadlines(entries: readonly CompiledEntry[]): void {
    this.#pool.retain(this.#holds());
    void inSlices(this.#metrics.showSnapshot(this.#store.current()));
    this.#status.follow();
    reportPassedDeadlines(this.#logger, entries);
  }

  /** Once a file: it stays so until the next start. */
  async #warnOfFileMounts(): Promise<void> {
    const mounted = await findFileMounts(this.#reloader.files);
    reportFileMounts(
      this.#logger,
      mounted.filter((file) => !this.#fileMounts.has(file)),
    );
    for (const file of mounted) this.#fileMounts.add(file);
  }

  /** Ends what still goes by a policy that is no longer in force. */
  #endChanged(): void {
    const holds = this.#holds();
    for (const visit of this.#listener.visits) {
      const { way } = visit;
      if (way === undefined || holds(way.authority, way.key)) continue;
      visit.end(new Failure('draining', 'response'));
    }
  }

  #holds(): (authority: Authority, wayKey: string) => boolean {
    const { rules } = this.#store.current();
    return (authority, key) => isInForce(rules, authority, key);
  }

  /** Once a server: its client will try again and again. */
  #adviseConnect(server: string): void {
    if (this.#advised.has(server)) return;
    this.#advised.add(server);
    this.#logger.warn(
      {
        server,
        hint: `set HTTPS_PROXY=http://${this.proxy} and the CA file ca-bundle.pem in the client, and give it the real https:// URL`,
      },
      'this server wants OAuth, whose metadata name its real URL: clients that come by the base URL will refuse them; use the CONNECT route',
    );
  }

  #ownPorts(): number[] {
    const ports = this.#proxyAddresses.map(({ port }) => port);
    return this.#adminPort === undefined ? ports : [...ports, this.#adminPort];
  }

  #isOwnListener({ host, port }: Authority): boolean {
    const { allowedHosts } = this.#store.current().config.settings;
    const isOurs = isLoopbackHost(host) || allowedHosts.includes(host);
    return isOurs && this.#proxyAddresses.some((own) => own.port === port);
  }
}

function countByServer(visits: Iterable<{ server: string }>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { server } of visits) counts.set(server, (counts.get(server) ?? 0) + 1);
  return counts;
}

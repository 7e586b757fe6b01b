import { collectDefaultMetrics, Counter, Gauge } from 'prom-client';
import { handshakeFailureReasons, type FailureReason } from '../failure.ts';
import { unlisted } from '../policy/decide.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Steps } from '../config/steps.ts';
import type { Policy } from '../policy/policy.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import type { HandshakeEvent, HandshakeFailedEvent, HandshakeListener } from '../upstream/dial.ts';
import { CertificateGauges } from './certificate-gauges.ts';
import { ScrapeRegistry } from './scrape-registry.ts';
import { ServerCounter, ServerHistogram } from './server-metrics.ts';

const prefix = 'mcp_tls_sidecar_';
/** From a warm loopback call to a model that thinks for a minute. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const handshakeBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** prom-client's defaults that `promtool check metrics` faults: gauges that are named as counters are. */
const faultyDefaults = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** What an entry was shown by. */
interface Shown {
  readonly state: CompiledEntry['state'];
  readonly policy: Policy | undefined;
  readonly untilMs: number | undefined;
}

/** What is counted where it lives, at the time of a scrape; by server. */
export interface LiveCounts {
  readonly openStreams: () => ReadonlyMap<string, number>;
  readonly openConnections: () => ReadonlyMap<string, number>;
}

/** Every metric of INTERFACE section 7, in one place. */
export class Metrics implements HandshakeListener {
  readonly registry = new ScrapeRegistry();
  #servers: ReadonlySet<string> = new Set();
  readonly #shown = new Map<string, Shown>();
  #inForce: Snapshot | undefined;
  /** The gauges of which each server has one series. */
  readonly #byServer: Gauge<'server'>[] = [];
  /** What is counted by server, those included that are gone by then. */
  readonly #counted: (ServerCounter | ServerHistogram)[] = [];

  readonly #requests = this.#serverCounter('requests_total', 'Requests by the status that was sent.', 'code');
  readonly #requestDuration = this.#histogram(
    'request_duration_seconds',
    'Time from the request to the head of its response.',
    requestBuckets,
  );
  readonly #failures = this.#serverCounter('failures_total', 'Requests that failed, by reason.', 'reason');
  readonly #handshakes = this.#serverCounter(
    'upstream_handshakes_total',
    'TLS handshakes that succeeded.',
    'resumed',
  );
  readonly #handshakeFailures = this.#serverCounter(
    'upstream_handshake_failures_total',
    'TLS handshakes that failed, by reason.',
    'reason',
  );
  readonly #handshakeDuration = this.#histogram(
    'upstream_handshake_duration_seconds',
    'Time that successful TLS handshakes took.',
    handshakeBuckets,
  );
  readonly #lastHandshake = this.#gauge(
    'upstream_last_handshake_timestamp_seconds',
    'When the last TLS handshake succeeded.',
    ['server'],
  );
  readonly #unverified = this.#serverCounter(
    'unverified_handshakes_total',
    'Full handshakes under ssl_verify: false, by the reason for which they would have been refused.',
    'reason',
  );
  readonly #verificationDisabled = this.#gauge('verification_disabled', '1 under ssl_verify: false.', [
    'server',
  ]);
  readonly #insecureUntil = this.#gauge(
    'insecure_until_timestamp_seconds',
    'When ssl_verify: false ends by itself.',
    ['server'],
  );
  readonly #certificates = new CertificateGauges(this.registry, prefix);
  readonly #bundleNotAfter = this.#gauge(
    'ca_bundle_not_after_timestamp_seconds',
    'When the first certificate of the CA bundle expires.',
    ['server'],
  );
  readonly #bundleCertificates = this.#gauge('ca_bundle_certificates', 'Certificates in the CA bundle.', [
    'server',
  ]);
  readonly #usable = this.#gauge('server_usable', '0 where requests answer configuration_unusable.', [
    'server',
  ]);
  readonly #stale = this.#gauge('server_stale', '1 on the last good bytes of a file that is bad now.', [
    'server',
  ]);
  readonly #localCaNotAfter = this.#gauge(
    'local_ca_not_after_timestamp_seconds',
    'When the CA expires that signs what clients of the CONNECT route are shown.',
    [],
  );
  readonly #reloads = this.#counter('config_reloads_total', 'Reloads of the configuration.', ['result']);
  readonly #reloadSuccessful = this.#gauge(
    'config_last_reload_successful',
    '0 if the last reload failed.',
    [],
  );
  readonly #reloadTimestamp = this.#gauge(
    'config_last_reload_success_timestamp_seconds',
    'When a configuration was last loaded without an error.',
    [],
  );
  readonly #configInfo = this.#gauge('config_info', 'The configuration file that is in force.', ['sha256']);
  readonly #buildInfo = this.#gauge('build_info', 'What runs.', ['version', 'node', 'openssl']);

  constructor(version: string, live: LiveCounts) {
    collectDefaultMetrics({ register: this.registry });
    for (const name of faultyDefaults) this.registry.removeSingleMetric(name);
    this.#buildInfo.set({ version, node: process.versions.node, openssl: process.versions.openssl }, 1);
    for (const result of ['success', 'failure']) this.#reloads.inc({ result }, 0);
    this.#liveGauge('open_streams', 'Requests whose response is not complete yet.', live.openStreams);
    this.#liveGauge('open_connections', 'Upstream connections that are open.', live.openConnections);
  }

  /**
   * Sets what needs no traffic, has the series of alerts at 0, and drops those of servers that are gone. Of what was
   * shown before only the differences; one that is begun takes the place of one under way.
   */
  *showSnapshot(snapshot: Snapshot): Steps<void> {
    this.#inForce = snapshot;
    const entries = snapshot.table.entries;
    const names = new Set(entries.map(({ entry }) => entry.name));
    this.#servers = names;
    this.#certificates.retain(names);
    this.#configInfo.reset();
    this.#configInfo.set({ sha256: snapshot.config.sha256 }, 1);
    for (const compiled of entries) {
      this.#show(compiled);
      yield;
      if (this.#inForce !== snapshot) return;
    }
    yield* this.#forgetOthers();
  }

  #show({ entry, ...compiled }: CompiledEntry): void {
    const { successor } = compiled;
    const { state, policy } = inForce({ entry, ...compiled });
    const server = entry.name;
    const shown = this.#shown.get(server);
    const untilMs = successor?.from.atMs;
    if (shown?.state === state && shown.policy === policy && shown.untilMs === untilMs) return;
    this.#shown.set(server, { state, policy, untilMs });
    if (shown === undefined) this.#introduce(server);
    this.#usable.set({ server }, state === 'unusable' ? 0 : 1);
    this.#stale.set({ server }, state === 'stale' ? 1 : 0);
    this.#verificationDisabled.set({ server }, policy?.verify === false ? 1 : 0);
    if (successor === undefined) this.#insecureUntil.remove({ server });
    else this.#insecureUntil.set({ server }, successor.from.atMs / 1000);
    const bundle = policy?.verify === true ? policy.bundle : undefined;
    if (bundle === undefined) {
      this.#bundleNotAfter.remove({ server });
      this.#bundleCertificates.remove({ server });
      return;
    }
    if (bundle.notAfterMs === undefined) this.#bundleNotAfter.remove({ server });
    else this.#bundleNotAfter.set({ server }, bundle.notAfterMs / 1000);
    this.#bundleCertificates.set({ server }, bundle.certificates.length);
  }

  /** @param notAfterMs Unix milliseconds; undefined where there is no CA */
  showLocalCa(notAfterMs: number | undefined): void {
    if (notAfterMs === undefined) this.#localCaNotAfter.remove();
    else this.#localCaNotAfter.set(notAfterMs / 1000);
  }

  /** @param failed whether anything about it was an error, though the rest may be in force */
  showLoad(failed: boolean, isReload: boolean): void {
    if (isReload) this.#reloads.inc({ result: failed ? 'failure' : 'success' });
    this.#reloadSuccessful.set(failed ? 0 : 1);
    if (!failed) this.#reloadTimestamp.setToCurrentTime();
  }

  /**
   * @param code the status sent, or `aborted`
   * @param headMs how long it took until the head of its response; undefined where none came
   */
  requestDone(
    server: string,
    code: number | 'aborted',
    reason: FailureReason | undefined,
    headMs: number | undefined,
  ): void {
    this.#requests.inc(server, code);
    if (reason !== undefined) this.#failures.inc(server, reason);
    if (headMs !== undefined) this.#requestDuration.observe(server, headMs / 1000);
  }

  handshakeDone(event: HandshakeEvent): void {
    const { server } = event;
    this.#handshakes.inc(server, String(event.resumed));
    this.#handshakeDuration.observe(server, event.durationMs / 1000);
    this.#lastHandshake.setToCurrentTime({ server });
    if (event.chain !== undefined) this.#certificates.record(server, event.chain);
    if (event.hidden !== undefined) this.#unverified.inc(server, event.hidden);
  }

  handshakeFailed({ server, failure: { reason } }: HandshakeFailedEvent): void {
    this.#handshakeFailures.inc(server, reason);
  }

  #introduce(server: string): void {
    for (const reason of handshakeFailureReasons) this.#handshakeFailures.inc(server, reason, 0);
  }

  /** Removes the series of servers that are no longer configured: cardinality follows the configuration. */
  *#forgetOthers(): Steps<void> {
    // What began under an entry that is gone by its end is counted all the same.
    for (const servers of [this.#shown.keys(), ...this.#counted.map((metric) => metric.servers())])
      for (const server of servers) {
        if (server === unlisted || this.#servers.has(server)) continue;
        this.#shown.delete(server);
        for (const metric of this.#byServer) metric.remove({ server });
        for (const metric of this.#counted) metric.forget(server);
        yield;
      }
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: `${prefix}${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    const gauge = new Gauge({ name: `${prefix}${name}`, help, labelNames, registers: [this.registry] });
    if (labelNames.join() === 'server') this.#byServer.push(gauge as unknown as Gauge<'server'>);
    return gauge;
  }

  #liveGauge(name: string, help: string, count: () => ReadonlyMap<string, number>): void {
    const gauge = new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames: ['server'],
      registers: [this.registry],
      collect: () => {
        gauge.reset();
        for (const server of this.#servers) gauge.set({ server }, 0);
        for (const [server, value] of count()) if (value > 0) gauge.set({ server }, value);
      },
    });
  }

  #serverCounter(name: string, help: string, label: string): ServerCounter {
    const counter = this.registry.add(new ServerCounter(`${prefix}${name}`, help, label));
    this.#counted.push(counter);
    return counter;
  }

  #histogram(name: string, help: string, upperBounds: readonly number[]): ServerHistogram {
    const histogram = this.registry.add(new ServerHistogram(`${prefix}${name}`, help, upperBounds));
    this.#counted.push(histogram);
    return histogram;
  }
}

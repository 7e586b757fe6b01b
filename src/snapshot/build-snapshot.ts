import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { caError, type CaFault } from '../ca/ca-fault.ts';
import type { BroughtCa } from '../ca/brought-ca.ts';
import { inspectCa } from '../ca/inspect-ca.ts';
import type { CaInput } from '../ca/local-ca.ts';
import type { Signer } from '../ca/signer.ts';
import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { problemAt } from '../config/problem-at.ts';
import { DEFAULT_TLS } from '../config/tls-settings.ts';
import type { Problem } from '../config/problem.ts';
import { inSlices, Slices } from '../config/steps.ts';
import { Deadline } from '../policy/deadline.ts';
import type { Policy } from '../policy/policy.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';
import { tableSteps, type CompiledEntry } from '../policy/table.ts';
import type { Bundle } from '../trust/bundle.ts';
import { FileReader } from '../trust/load-bundle.ts';
import { FileFault } from '../trust/read-file.ts';
import { bundleWarnings } from './bundle-warnings.ts';
import { caProblems, unpermittedHosts } from './ca-problems.ts';
import { PolicyCompiler } from './policy-compiler.ts';
import type { Snapshot } from './snapshot.ts';
import { TrustLoader, type Trusted } from './trust-loader.ts';

/** What a snapshot is built from. */
export interface BuildOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** The snapshot in force, whose last good bytes an unchanged entry may keep. */
  readonly previous: Snapshot | undefined;
  /** Unix milliseconds, for tests in which dates pass. */
  readonly now?: (() => number) | undefined;
}

/** Reads every file that a configuration names and makes the TLS contexts. Nothing takes effect by it. */
export async function buildSnapshot(options: BuildOptions): Promise<Snapshot> {
  const builder = new SnapshotBuilder(options);
  const { config } = options;
  const entries = await builder.compileAll([...config.servers, ...config.hosts]);
  const table = await inSlices(tableSteps(entries));
  const ca = await builder.inspectCa();
  return {
    config,
    table,
    rules: {
      table,
      unlistedHosts: config.settings.unlistedHosts,
      unlistedPlaintext: config.settings.unlistedPlaintext,
      proxy: { proxy: await builder.compileProxy(), noProxy: config.settings.noProxy },
    },
    ca,
    problems: builder.problems,
    defaultTrust: summaryOf(ca.defaultTrust),
    files: await builder.files.seen(),
    parsed: builder.files.parsed,
  };
}

/** Compiled at a time: the files that they name are read side by side. */
const BATCH = 64;

class SnapshotBuilder {
  readonly problems: Problem[] = [];
  readonly files: FileReader;
  readonly #options: BuildOptions;
  readonly #previous: ReadonlyMap<string, CompiledEntry>;
  readonly #policies: PolicyCompiler;
  readonly #caFound: Promise<BroughtCa>;
  readonly #trust: TrustLoader;

  constructor(options: BuildOptions) {
    this.#options = options;
    this.files = new FileReader(options.previous?.parsed);
    this.#caFound = inspectCa(options.config.settings.ca, this.files);
    this.#trust = new TrustLoader({ ...options, files: this.files, brought: this.#brought() });
    const previous = options.previous?.table.entries ?? [];
    this.#previous = new Map(previous.map((one) => [entryKey(one.entry), one]));
    const policies = previous.flatMap(({ policy, successor }) => [policy, successor?.policy]);
    this.#policies = new PolicyCompiler(
      this.files,
      policies.filter((policy) => policy !== undefined),
    );
  }

  /** Some at a time, so that requests are served in between. */
  async compileAll(entries: readonly (ServerEntry | HostEntry)[]): Promise<CompiledEntry[]> {
    const slices = new Slices();
    const compiled: CompiledEntry[] = [];
    for (let at = 0; at < entries.length; at += BATCH) {
      const batch = entries.slice(at, at + BATCH);
      compiled.push(...(await Promise.all(batch.map((entry) => this.compile(entry)))));
      if (slices.isOver) await slices.rest();
    }
    return compiled;
  }

  async compile(entry: ServerEntry | HostEntry): Promise<CompiledEntry> {
    if (entry.spoiledBy !== undefined) return { entry, state: 'unusable', policy: undefined };
    if (!isTls(entry)) return { entry, state: 'usable', policy: undefined };
    const made = await this.#policiesOf(entry);
    if (made instanceof TrustFault) return this.#keepOrFail(entry, made);
    const { bundle } = made.policy;
    if (bundle !== undefined) {
      const hadOwnCa = this.#trust.hadOwnCa(bundle);
      this.problems.push(...bundleWarnings(this.#options.config, entry, bundle, hadOwnCa));
    }
    return { entry, ...made };
  }

  /** What an entry goes by, and what it will go by after `insecure_until`. */
  async #policiesOf(
    entry: ServerEntry | HostEntry,
  ): Promise<(Pick<CompiledEntry, 'state' | 'successor'> & { policy: Policy }) | TrustFault> {
    const { kind, name, sslVerify, tls } = entry;
    const identity = await this.#policies.identityOf(tls);
    if (identity instanceof FileFault) return new TrustFault('tls.client_certificate', '', identity);
    const verify = sslVerify.kind !== 'off';
    // Unverified, it is still what the chain is judged by for the counter.
    const trusted = { sslVerify: verify ? sslVerify : (tls.verifyWith ?? sslVerify), tls };
    const bundle = await this.#trust.bundleOf(trusted);
    const key = trusted.sslVerify === sslVerify ? 'ssl_verify' : 'tls.verify_with';
    if (bundle instanceof FileFault) return new TrustFault(key, pathOf(trusted), bundle);
    const policy = this.#policies.compile({ verify, bundle, tls, identity });
    if (policy instanceof FileFault) return new TrustFault('tls.client_certificate', '', policy);
    const { insecureUntil } = tls;
    if (insecureUntil === undefined) return { state: 'usable', policy };
    const verified = bundle && this.#policies.compile({ verify: true, bundle, tls, identity });
    const from = this.#deadlineOf(`${kind} ${name}`, insecureUntil.atMs);
    if (verified !== undefined && !(verified instanceof FileFault))
      return { state: 'usable', policy, successor: { from, policy: verified } };
    // Default trust went bad, which the exception itself does not need.
    const kept = this.#unchanged(entry)?.successor?.policy;
    return { state: kept === undefined ? 'usable' : 'stale', policy, successor: { from, policy: kept } };
  }

  /** The same object as before for the same moment: once passed it stays so, whatever the clock says. */
  #deadlineOf(key: string, atMs: number): Deadline {
    const before = this.#previous.get(key)?.successor?.from;
    return before?.atMs === atMs ? before : new Deadline(atMs, this.#options.now);
  }

  /** The proxy on the way out; one whose trust went bad keeps its last good bytes if it is the same proxy still. */
  async compileProxy(): Promise<UpstreamProxy | 'unusable' | undefined> {
    const settings = this.#options.config.settings.upstreamProxy;
    if (settings === undefined) return undefined;
    const { protocol, authority, authorization } = settings;
    const id = createHash('sha256').update(JSON.stringify([protocol, authority, authorization ?? null]));
    const name = id.digest('hex').slice(0, 16);
    if (protocol === 'http') return { authority, authorization, policy: undefined, key: name };
    const trusted = { sslVerify: settings.sslVerify, tls: DEFAULT_TLS };
    const bundle = await this.#trust.bundleOf(trusted);
    const verify = settings.sslVerify.kind !== 'off';
    const policy =
      bundle instanceof FileFault
        ? bundle
        : this.#policies.compile({ verify, bundle, tls: DEFAULT_TLS, identity: undefined });
    if (!(policy instanceof FileFault))
      return { authority, authorization, policy, key: `${name}|${policy.key}` };
    this.problems.push(
      problemAt(this.#options.config, {
        severity: 'error',
        position: settings.position,
        message: `the trust for upstream_proxy: ${pathOf(trusted)}${policy.message}`,
        hint: policy.hint,
      }),
    );
    const previous = this.#options.previous?.rules.proxy.proxy;
    const keeps = typeof previous === 'object' && previous.key.startsWith(`${name}|`);
    return keeps ? previous : 'unusable';
  }

  /** What the local CA is to be. Like an entry, it keeps its last good bytes if the YAML names the same files. */
  async inspectCa(): Promise<CaInput> {
    const { config, previous } = this.#options;
    const { ca: settings } = config.settings;
    const { faults } = await this.#caFound;
    const trust = await this.#trust.defaultTrust();
    const all = trust instanceof FileFault ? [...faults, noTrust(trust)] : faults;
    this.problems.push(...caProblems(config, all), ...unpermittedHosts(config));
    const defaultTrust = trust instanceof FileFault ? previous?.ca.defaultTrust : trust;
    return { settings, brought: await this.#brought(), defaultTrust, faults };
  }

  async #brought(): Promise<Signer | undefined> {
    const { config, previous } = this.#options;
    const { brought } = await this.#caFound;
    const isSame = isDeepStrictEqual(previous?.ca.settings.brought, config.settings.ca.brought);
    return brought ?? (isSame ? previous?.ca.brought : undefined);
  }

  /** An entry whose file went bad keeps its last good bytes if nothing about it changed in the YAML. */
  #keepOrFail(entry: ServerEntry | HostEntry, fault: TrustFault): CompiledEntry {
    const previous = this.#unchanged(entry);
    this.problems.push(this.#problemOf(entry, fault));
    return previous?.policy !== undefined
      ? { entry, state: 'stale', policy: previous.policy, successor: previous.successor }
      : { entry, state: 'unusable', policy: undefined };
  }

  /** What there was of an entry about which nothing changed in the YAML. */
  #unchanged(entry: ServerEntry | HostEntry): CompiledEntry | undefined {
    const previous = this.#previous.get(entryKey(entry));
    return previous?.entry.identity === entry.identity ? previous : undefined;
  }

  #problemOf(entry: ServerEntry | HostEntry, { key, subject, fault }: TrustFault): Problem {
    return problemAt(this.#options.config, {
      severity: 'error',
      position: (key === 'ssl_verify' ? undefined : entry.tlsPositions?.[key]) ?? entry.trustPosition,
      message: `${key} of ${entry.name}: ${subject}${fault.message}`,
      hint: fault.hint,
      entry: entry.name,
    });
  }
}

/** Why an entry's trust or identity cannot be used. */
class TrustFault {
  readonly key: 'ssl_verify' | 'tls.verify_with' | 'tls.client_certificate';
  /** What the fault speaks of, where its message does not name that. */
  readonly subject: string;
  readonly fault: FileFault;

  constructor(key: TrustFault['key'], subject: string, fault: FileFault) {
    this.key = key;
    this.subject = subject;
    this.fault = fault;
  }
}

/** Into ca-bundle.pem goes default trust, whether or not an entry uses it. */
function noTrust({ message, hint }: FileFault): CaFault {
  return caError(`ca-bundle.pem cannot be made without the default trust: ${message}`, hint);
}

function summaryOf(trust: Bundle | undefined): Snapshot['defaultTrust'] {
  return trust && { source: trust.source, certificates: trust.certificates.length };
}

/** What a fault of its bundle speaks of; default trust names itself. */
function pathOf({ sslVerify }: Trusted): string {
  if (sslVerify.kind === 'path') return `${sslVerify.path} `;
  return sslVerify.kind === 'pem' ? 'the inline PEM ' : '';
}

function isTls(entry: ServerEntry | HostEntry): boolean {
  return entry.kind === 'server' ? entry.upstream.protocol === 'https' : entry.action === 'verify';
}

function entryKey(entry: ServerEntry | HostEntry): string {
  return `${entry.kind} ${entry.name}`;
}

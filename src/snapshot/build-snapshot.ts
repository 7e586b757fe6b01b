import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { caError, type CaFault } from '../ca/ca-fault.ts';
import type { BroughtCa } from '../ca/brought-ca.ts';
import { inspectCa } from '../ca/inspect-ca.ts';
import type { CaInput } from '../ca/local-ca.ts';
import type { Signer } from '../ca/signer.ts';
import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { problemAt } from '../config/problem-at.ts';
import type { Problem } from '../config/problem.ts';
import type { Policy } from '../policy/policy.ts';
import type { UpstreamProxy } from '../policy/upstream-proxy.ts';
import { createTable, type CompiledEntry } from '../policy/table.ts';
import type { Bundle } from '../trust/bundle.ts';
import { FileReader } from '../trust/load-bundle.ts';
import { FileFault } from '../trust/read-file.ts';
import { createTrustContext } from '../trust/secure-context.ts';
import { bundleWarnings } from './bundle-warnings.ts';
import { caProblems, unpermittedHosts } from './ca-problems.ts';
import type { Snapshot } from './snapshot.ts';
import { TrustLoader, type Trusted } from './trust-loader.ts';

/** What a snapshot is built from. */
export interface BuildOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** The snapshot in force, whose last good bytes an unchanged entry may keep. */
  readonly previous: Snapshot | undefined;
}

/** Reads every file that a configuration names and makes the TLS contexts. Nothing takes effect by it. */
export async function buildSnapshot(options: BuildOptions): Promise<Snapshot> {
  const builder = new SnapshotBuilder(options);
  const { config } = options;
  const entries = await Promise.all(
    [...config.servers, ...config.hosts].map((entry) => builder.compile(entry)),
  );
  const table = createTable(entries);
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

class SnapshotBuilder {
  readonly problems: Problem[] = [];
  readonly files: FileReader;
  readonly #options: BuildOptions;
  readonly #previous: ReadonlyMap<string, CompiledEntry>;
  /** By policy key. Taken over where nothing changed: contexts are the costly part of a reload. */
  readonly #policies = new Map<string, Policy>();
  readonly #caFound: Promise<BroughtCa>;
  readonly #trust: TrustLoader;

  constructor(options: BuildOptions) {
    this.#options = options;
    this.files = new FileReader(options.previous?.parsed);
    this.#caFound = inspectCa(options.config.settings.ca, this.files);
    this.#trust = new TrustLoader({ ...options, files: this.files, brought: this.#brought() });
    const previous = options.previous?.table.entries ?? [];
    this.#previous = new Map(previous.map((one) => [entryKey(one.entry), one]));
    for (const { policy } of previous) if (policy !== undefined) this.#policies.set(policy.key, policy);
  }

  async compile(entry: ServerEntry | HostEntry): Promise<CompiledEntry> {
    if (entry.spoiledBy !== undefined) return { entry, state: 'unusable', policy: undefined };
    if (!isTls(entry)) return { entry, state: 'usable', policy: undefined };
    const bundle = await this.#trust.bundleOf(entry);
    if (bundle instanceof FileFault) return this.#keepOrFail(entry, bundle);
    if (bundle !== undefined) {
      const hadOwnCa = this.#trust.hadOwnCa(bundle);
      this.problems.push(...bundleWarnings(this.#options.config, entry, bundle, hadOwnCa));
    }
    return { entry, state: 'usable', policy: this.#policyOf(entry, bundle) };
  }

  /** The proxy on the way out; one whose trust went bad keeps its last good bytes if it is the same proxy still. */
  async compileProxy(): Promise<UpstreamProxy | 'unusable' | undefined> {
    const settings = this.#options.config.settings.upstreamProxy;
    if (settings === undefined) return undefined;
    const { protocol, authority, authorization } = settings;
    const id = createHash('sha256').update(JSON.stringify([protocol, authority, authorization ?? null]));
    const name = id.digest('hex').slice(0, 16);
    if (protocol === 'http') return { authority, authorization, policy: undefined, key: name };
    const trusted = { sslVerify: settings.sslVerify, tls: { systemRoots: false, serverName: undefined } };
    const bundle = await this.#trust.bundleOf(trusted);
    if (!(bundle instanceof FileFault)) {
      const policy = this.#policyOf(trusted, bundle);
      return { authority, authorization, policy, key: `${name}|${policy.key}` };
    }
    this.problems.push(
      problemAt(this.#options.config, {
        severity: 'error',
        position: settings.position,
        message: `the trust for upstream_proxy: ${pathOf(trusted)}${bundle.message}`,
        hint: bundle.hint,
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

  #policyOf(entry: Trusted, bundle: Bundle | undefined): Policy {
    const verify = entry.sslVerify.kind !== 'off';
    const { serverName } = entry.tls;
    const key = [verify ? 'verify' : 'off', bundle?.sha256 ?? 'none', serverName ?? ''].join('|');
    const known = this.#policies.get(key);
    if (known !== undefined) return known;
    const context = createTrustContext({ bundle });
    const policy: Policy = Object.freeze({
      key,
      verify,
      bundle,
      context,
      serverName,
      pins: new Set<string>(),
      strict: false,
      hasIdentity: false,
    });
    this.#policies.set(key, policy);
    return policy;
  }

  /** An entry whose file went bad keeps its last good bytes if nothing about it changed in the YAML. */
  #keepOrFail(entry: ServerEntry | HostEntry, fault: FileFault): CompiledEntry {
    const previous = this.#previous.get(entryKey(entry));
    const keep = previous?.policy !== undefined && previous.entry.identity === entry.identity;
    this.problems.push(this.#problemOf(entry, fault));
    return keep
      ? { entry, state: 'stale', policy: previous.policy }
      : { entry, state: 'unusable', policy: undefined };
  }

  #problemOf(entry: ServerEntry | HostEntry, fault: FileFault): Problem {
    return problemAt(this.#options.config, {
      severity: 'error',
      position: entry.trustPosition,
      message: `ssl_verify of ${entry.name}: ${pathOf(entry)}${fault.message}`,
      hint: fault.hint,
      entry: entry.name,
    });
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

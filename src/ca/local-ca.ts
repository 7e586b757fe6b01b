import type { SecureContext } from 'node:tls';
import type { CaSettings } from '../config/config.ts';
import type { Bundle } from '../trust/bundle.ts';
import { caError, lossWarning, type CaFault } from './ca-fault.ts';
import { keepLineage } from './keep-lineage.ts';
import { LeafCache } from './leaf-cache.ts';
import { createSigners, isConstrainedTo, type Lineage } from './lineage.ts';
import { isPermitted } from './permitted-domains.ts';
import { publish } from './publish.ts';
import type { Signer } from './signer.ts';
import { renderState } from './state-file.ts';

/** What a load of the configuration found for the local CA. */
export interface CaInput {
  /** As this configuration has it: `directory` and `stateDirectory` count at the start only. */
  readonly settings: CaSettings;
  /** The user's own CA; undefined where one is to be generated, or where its files cannot be used. */
  readonly brought: Signer | undefined;
  /** What `ca-bundle.pem` holds beside the CA; without our own CA. Undefined where it cannot be used. */
  readonly defaultTrust: Bundle | undefined;
  /** Errors and warnings of the files that the CA rests on: an error leaves the CA as it was, or unusable. */
  readonly faults: readonly CaFault[];
}

/** Clock, and who is told of what is wrong though the CA goes on, each time it changes. */
export interface LocalCaOptions {
  /** Unix milliseconds, for tests that let two years go by. */
  readonly now?: () => number;
  readonly onFault?: (fault: CaFault) => void;
}

/** The CA that clients of the CONNECT route believe: loads or makes it, keeps it, renews it, publishes it, mints leaves. */
export class LocalCa {
  readonly #places: Pick<CaSettings, 'directory' | 'stateDirectory'>;
  readonly #now: () => number;
  readonly #onFault: (fault: CaFault) => void;
  readonly #leaves = new LeafCache();
  /** Of what is in force. */
  #permitted: CaSettings['permittedDomains'] = [];
  #lineage: { readonly lineage: Lineage; readonly text: string } | undefined;
  #signerAt: ((nowMs: number) => Signer) | undefined;
  #brought: Signer | undefined;
  /** Why the signer is not to be used. */
  #error: CaFault | undefined;
  /** The fingerprints of what clients were last given. */
  #published: ReadonlySet<string> = new Set();
  /** By message, so that a fault that lasts is told once. */
  #told = new Set<string>();
  #tail: Promise<void> = Promise.resolve();

  constructor(settings: CaSettings, options: LocalCaOptions = {}) {
    this.#places = { directory: settings.directory, stateDirectory: settings.stateDirectory };
    this.#now = options.now ?? Date.now;
    this.#onFault = options.onFault ?? (() => undefined);
  }

  /**
   * Loads or makes the CA and publishes it where that is not done; renews it where that is due. For the start, every
   * reload and a short tick. Never rejects: what is wrong is in {@link fault}.
   */
  refresh(input: CaInput): Promise<void> {
    this.#tail = this.#tail.then(() => this.#refresh(input));
    return this.#tail;
  }

  /** Why there is no CA to intercept with; undefined where all is well. */
  get fault(): CaFault | undefined {
    const signer = this.#signer();
    return isFault(signer) ? signer : undefined;
  }

  /** Not after of the certificate that signs now, Unix milliseconds. */
  get notAfterMs(): number | undefined {
    return this.#signerAt?.(this.#now()).certificate.validToDate.getTime();
  }

  /** Leaves signed since the start. */
  get minted(): number {
    return this.#leaves.minted;
  }

  /**
   * The TLS context of a leaf for a host (a normalised name or IP literal): from the cache if there is one.
   *
   * @returns a fault where there is no CA, or the host is outside of what it may sign for
   */
  contextFor(host: string): SecureContext | CaFault {
    const signer = this.#signer();
    if (isFault(signer)) return signer;
    if (this.#brought === undefined && !isPermitted(host, this.#permitted))
      return caError(`${host} lies outside of ca.permitted_domains`, 'add it to ca.permitted_domains');
    return this.#leaves.contextFor(signer, host, this.#now());
  }

  async #refresh(input: CaInput): Promise<void> {
    const faults: CaFault[] = [];
    try {
      const fault = (await this.#load(input, faults)) ?? (await this.#publish(input));
      if (fault !== undefined) faults.push(fault);
      this.#error = fault === undefined || this.#mayGoOn(input) ? undefined : fault;
    } catch (error) {
      this.#error = caError(`the CA failed: ${String(error)}`, 'report this: it is a bug of the sidecar');
    }
    for (const fault of faults)
      if (fault !== this.#error && !this.#told.has(fault.message)) this.#onFault(fault);
    this.#told = new Set(faults.map(({ message }) => message));
  }

  #load(input: CaInput, faults: CaFault[]): Promise<CaFault | undefined> | CaFault | undefined {
    if (input.settings.brought === undefined) return this.#loadGenerated(input.settings, faults);
    const { brought } = input;
    if (brought === undefined)
      return (
        input.faults.find(({ severity }) => severity === 'error') ??
        caError('the files of ca.certificate and ca.key cannot be used', 'run mcp-tls-sidecar check')
      );
    this.#lineage = undefined;
    // The same certificates read anew: the leaves that were minted stay good.
    if (this.#brought !== undefined && isSame(this.#brought, brought)) return undefined;
    this.#brought = brought;
    this.#signerAt = () => brought;
    return undefined;
  }

  async #loadGenerated(wanted: CaSettings, faults: CaFault[]): Promise<CaFault | undefined> {
    const settings = { ...wanted, ...this.#places };
    const kept = await keepLineage(settings, this.#lineage?.lineage, this.#now());
    if (isFault(kept)) return kept;
    if (kept.loss !== undefined) faults.push(lossWarning(kept.loss));
    if (kept.fault !== undefined) faults.push(kept.fault);
    const text = renderState(kept.lineage);
    this.#permitted = settings.permittedDomains;
    this.#brought = undefined;
    if (text === this.#lineage?.text) return undefined;
    this.#lineage = { lineage: kept.lineage, text };
    this.#signerAt = createSigners(kept.lineage, this.#permitted);
    return undefined;
  }

  async #publish({ defaultTrust }: CaInput): Promise<CaFault | undefined> {
    const certificates = this.#signerAt?.(this.#now()).published ?? [];
    const fault = await publish(this.#places.directory, certificates, defaultTrust);
    if (fault === undefined) this.#published = new Set(certificates.map((one) => one.fingerprint256));
    return fault;
  }

  /** With a CA that clients have been given, whatever became of its files; but not with one of other settings. */
  #mayGoOn({ settings }: CaInput): boolean {
    const anchor = this.#signerAt?.(this.#now()).published[0];
    if (anchor === undefined || !this.#published.has(anchor.fingerprint256)) return false;
    if (settings.brought !== undefined) return this.#brought !== undefined;
    return this.#lineage !== undefined && isConstrainedTo(this.#lineage.lineage, settings.permittedDomains);
  }

  #signer(): Signer | CaFault {
    if (this.#error !== undefined || this.#signerAt === undefined) return this.#error ?? notLoaded;
    const nowMs = this.#now();
    const signer = this.#signerAt(nowMs);
    const all = [signer.certificate, ...signer.chain];
    if (all.some((one) => one.validToDate.getTime() <= nowMs))
      return caError('the CA has expired', 'look for the problem that kept it from being renewed');
    if (all.some((one) => one.validFromDate.getTime() > nowMs))
      return caError('the CA is not valid yet', 'set the clock of this machine');
    return signer;
  }
}

const notLoaded = caError('the CA is not loaded yet', 'wait until the sidecar is ready');

function isFault(value: object): value is CaFault {
  return 'severity' in value;
}

function isSame(one: Signer, other: Signer): boolean {
  const prints = (signer: Signer) =>
    [signer.certificate, ...signer.chain, ...signer.published]
      .map(({ fingerprint256 }) => fingerprint256)
      .join();
  return prints(one) === prints(other);
}

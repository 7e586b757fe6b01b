import path from 'node:path';
import type { SecureContext } from 'node:tls';
import type { CaSettings } from '../config/config.ts';
import type { Bundle } from '../trust/bundle.ts';
import { notAfterOf, notBeforeOf } from '../trust/certificate-facts.ts';
import { caError, type CaFault } from './ca-fault.ts';
import { LeafCache } from './leaf-cache.ts';
import { publish } from './publish.ts';
import { SignerSource } from './signer-source.ts';
import type { Signer } from './signer.ts';

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
  readonly #directory: string;
  readonly #source: SignerSource;
  readonly #now: () => number;
  readonly #onFault: (fault: CaFault) => void;
  readonly #leaves = new LeafCache();
  /** Why the signer is not to be used. */
  #error: CaFault | undefined;
  /** The fingerprints of what clients were last given. */
  #published: ReadonlySet<string> = new Set();
  /** By message, so that a fault that lasts is told once. */
  #told = new Set<string>();
  #tail: Promise<void> = Promise.resolve();

  constructor(settings: CaSettings, options: LocalCaOptions = {}) {
    const { directory, stateDirectory } = settings;
    this.#directory = directory;
    this.#source = new SignerSource({ directory, stateDirectory });
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

  /** What clients have to trust, absolute. */
  get bundleFile(): string {
    return path.join(this.#directory, 'ca-bundle.pem');
  }

  /** Why there is no CA to intercept with; undefined where all is well. */
  get fault(): CaFault | undefined {
    const signer = this.#signer();
    return isFault(signer) ? signer : undefined;
  }

  /** Not after of the certificate that signs now, Unix milliseconds. */
  get notAfterMs(): number | undefined {
    const signer = this.#source.signerAt(this.#now());
    return signer === undefined ? undefined : notAfterOf(signer.certificate).getTime();
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
    if (!this.#source.mayServe(host))
      return caError(`${host} lies outside of ca.permitted_domains`, 'add it to ca.permitted_domains');
    return this.#leaves.contextFor(signer, host, this.#now());
  }

  async #refresh(input: CaInput): Promise<void> {
    const faults: CaFault[] = [];
    try {
      const failed = await this.#source.load(input, this.#now(), (told) => faults.push(told));
      const unpublished =
        failed === undefined || this.#mayGoOn(input) ? await this.#publish(input) : undefined;
      const fault = failed ?? unpublished;
      faults.push(...[failed, unpublished].filter((one) => one !== undefined));
      this.#error = fault === undefined || this.#mayGoOn(input) ? undefined : fault;
    } catch (error) {
      this.#error = caError(`the CA failed: ${String(error)}`, 'report this: it is a bug of the sidecar');
    }
    for (const fault of faults)
      if (fault !== this.#error && !this.#told.has(fault.message)) this.#onFault(fault);
    this.#told = new Set(faults.map(({ message }) => message));
  }

  async #publish({ defaultTrust }: CaInput): Promise<CaFault | undefined> {
    const certificates = this.#source.signerAt(this.#now())?.published ?? [];
    const fault = await publish(this.#directory, certificates, defaultTrust);
    if (fault === undefined) this.#published = new Set(certificates.map((one) => one.fingerprint256));
    return fault;
  }

  /** With a CA that clients have been given, whatever became of its files; but not with one of other settings. */
  #mayGoOn({ settings }: CaInput): boolean {
    const anchor = this.#source.signerAt(this.#now())?.published[0];
    return (
      anchor !== undefined && this.#published.has(anchor.fingerprint256) && this.#source.isAskedFor(settings)
    );
  }

  #signer(): Signer | CaFault {
    const nowMs = this.#now();
    const signer = this.#source.signerAt(nowMs);
    if (this.#error !== undefined || signer === undefined) return this.#error ?? notLoaded;
    const all = [signer.certificate, ...signer.chain];
    if (all.some((one) => notAfterOf(one).getTime() <= nowMs))
      return caError('the CA has expired', 'look for the problem that kept it from being renewed');
    if (all.some((one) => notBeforeOf(one).getTime() > nowMs))
      return caError('the CA is not valid yet', 'set the clock of this machine');
    return signer;
  }
}

const notLoaded = caError('the CA is not loaded yet', 'wait until the sidecar is ready');

function isFault(value: object): value is CaFault {
  return 'severity' in value;
}

import type { SecureContext } from 'node:tls';
import type { CaSettings } from '../config/config.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { CaFault } from './ca-fault.ts';
import type { Signer } from './signer.ts';

/** What a load of the configuration found for the local CA. */
export interface CaInput {
  /** The user's own CA; undefined where one is to be generated. */
  readonly brought: Signer | undefined;
  /** What `ca-bundle.pem` holds beside the CA; without our own CA. Undefined where it cannot be used. */
  readonly defaultTrust: Bundle | undefined;
  /** Errors and warnings of the files that the CA rests on: an error leaves the CA as it was, or unusable. */
  readonly faults: readonly CaFault[];
}

/** The CA that clients of the CONNECT route believe: loads or makes it, keeps it, renews it, publishes it, mints leaves. */
export class LocalCa {
  readonly #settings: CaSettings;
  readonly #now: () => number;

  /** @param options `now`: Unix milliseconds, for tests that let two years go by */
  constructor(settings: CaSettings, options: { readonly now?: () => number } = {}) {
    this.#settings = settings;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Loads or makes the CA and publishes it where that is not done; renews it where that is due. For the start, every
   * reload and a short tick. Never rejects: what is wrong is in {@link fault}.
   */
  async refresh(_input: CaInput): Promise<void> {
    await Promise.resolve(this.#now());
  }

  /** Why there is no CA to intercept with; undefined where all is well. */
  get fault(): CaFault | undefined {
    return { severity: 'error', message: this.#settings.directory, hint: '' };
  }

  /** Not after of the certificate that signs now, Unix milliseconds. */
  get notAfterMs(): number | undefined {
    return undefined;
  }

  /** Leaves signed since the start. */
  get minted(): number {
    return 0;
  }

  /**
   * The TLS context of a leaf for a host (a normalised name or IP literal): from the cache if there is one.
   *
   * @returns a fault where there is no CA, or the host is outside of what it may sign for
   */
  contextFor(_host: string): SecureContext | CaFault {
    return this.fault as CaFault;
  }
}

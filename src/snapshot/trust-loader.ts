import { ownFileAsTrust, withoutOwnCertificates } from '../ca/own-certificates.ts';
import type { Signer } from '../ca/signer.ts';
import type { Config, ServerEntry, SslVerify } from '../config/config.ts';
import { joinBundles, type Bundle, type BundleResult } from '../trust/bundle.ts';
import { loadDefaultTrust } from '../trust/default-trust.ts';
import { loadBundle, parseInlineBundle, type FileReader } from '../trust/load-bundle.ts';
import { FileFault } from '../trust/read-file.ts';

/** What says how something is verified. */
export type Trusted = Pick<ServerEntry, 'sslVerify' | 'tls'>;

/** What a {@link TrustLoader} takes. */
export interface TrustLoaderOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly files: FileReader;
  /** The CA that the user brought: like a generated one it is never part of upstream trust. */
  readonly brought: Promise<Signer | undefined>;
}

/** Loads each bundle of one configuration once, without the certificates of our own CA. */
export class TrustLoader {
  readonly #options: TrustLoaderOptions;
  readonly #bundles = new Map<string, Promise<BundleResult>>();
  readonly #stripped = new WeakSet<Bundle>();
  #defaultTrust: Promise<BundleResult> | undefined;

  constructor(options: TrustLoaderOptions) {
    this.#options = options;
  }

  defaultTrust(): Promise<BundleResult> {
    return (this.#defaultTrust ??= this.#loadDefaultTrust());
  }

  /** The bundle that something is verified or judged by; undefined where it is not verified and there is none. */
  async bundleOf({ sslVerify, tls }: Trusted): Promise<BundleResult | undefined> {
    if (sslVerify.kind === 'default') return this.defaultTrust();
    if (sslVerify.kind === 'off') {
      // What an unverified chain is judged by, for the counter: never a reason to refuse.
      const bundle = await this.defaultTrust();
      return bundle instanceof FileFault ? undefined : bundle;
    }
    const named = await this.#load(sslVerify);
    if (!tls.systemRoots || named instanceof FileFault) return named;
    const system = await this.defaultTrust();
    if (system instanceof FileFault) return system;
    const both = joinBundles(named, system);
    if (this.hadOwnCa(named)) this.#stripped.add(both);
    return both;
  }

  /** Whether certificates of our own CA were taken out of what was named. */
  hadOwnCa(bundle: Bundle): boolean {
    return this.#stripped.has(bundle);
  }

  async #loadDefaultTrust(): Promise<BundleResult> {
    const { env, config, files } = this.#options;
    const own = await ownFileAsTrust(config.settings.ca, env);
    if (own === undefined) return this.#withoutOwnCa(await loadDefaultTrust({ env, files }));
    return new FileFault(
      `${own} lies inside of ca.directory, where the CA for clients is published`,
      'unset the variable for the sidecar: it is for the clients',
    );
  }

  #load(sslVerify: Extract<SslVerify, { kind: 'path' | 'pem' }>): Promise<BundleResult> {
    const key = sslVerify.kind === 'path' ? sslVerify.path : sslVerify.pem;
    const known = this.#bundles.get(key);
    if (known !== undefined) return known;
    const loaded = this.#read(sslVerify).then((bundle) => this.#withoutOwnCa(bundle));
    this.#bundles.set(key, loaded);
    return loaded;
  }

  async #read(sslVerify: Extract<SslVerify, { kind: 'path' | 'pem' }>): Promise<BundleResult> {
    return sslVerify.kind === 'path'
      ? loadBundle(sslVerify.path, this.#options.files)
      : parseInlineBundle(sslVerify.pem);
  }

  async #withoutOwnCa(bundle: BundleResult): Promise<BundleResult> {
    if (bundle instanceof FileFault) return bundle;
    const others = withoutOwnCertificates(bundle, await this.#options.brought);
    if (others === undefined)
      return new FileFault(
        "holds nothing but the sidecar's own CA, which is for its clients",
        'name the CA that issued the certificate of the server',
      );
    if (others !== bundle) this.#stripped.add(others);
    return others;
  }
}

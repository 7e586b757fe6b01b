import { createHash } from 'node:crypto';
import type { TlsSettings } from '../config/config.ts';
import type { Policy } from '../policy/policy.ts';
import type { Bundle } from '../trust/bundle.ts';
import { getOrCreate } from '../trust/get-or-create.ts';
import { loadIdentity, type Identity } from '../trust/load-identity.ts';
import type { FileReader } from '../trust/load-bundle.ts';
import { FileFault } from '../trust/read-file.ts';
import { createTrustContext, sharedTrustContext } from '../trust/secure-context.ts';

/** What a policy is made of, files read. */
export interface PolicyParts {
  readonly verify: boolean;
  readonly bundle: Bundle | undefined;
  readonly tls: TlsSettings;
  readonly identity: Identity | undefined;
}

/** Makes policies, each once: their TLS contexts are the costly part of a reload. */
export class PolicyCompiler {
  readonly #files: FileReader;
  readonly #policies = new Map<string, Policy>();
  /** Of what most entries have in common. */
  readonly #digests = new Map<string, string>();
  readonly #identities = new Map<string, Promise<Identity | FileFault>>();

  /** @param previous those of the snapshot in force, taken over where nothing changed */
  constructor(files: FileReader, previous: Iterable<Policy>) {
    this.#files = files;
    for (const policy of previous) this.#policies.set(policy.key, policy);
  }

  /** The client certificate of an entry; undefined where it has none. */
  async identityOf({ clientCertificate }: TlsSettings): Promise<Identity | FileFault | undefined> {
    if (clientCertificate === undefined) return undefined;
    const key = JSON.stringify(clientCertificate);
    const loaded = this.#identities.get(key) ?? loadIdentity(clientCertificate, this.#files);
    this.#identities.set(key, loaded);
    return loaded;
  }

  /** @returns a fault for a certificate that OpenSSL does not take, too weak say */
  compile({ verify, bundle, tls, identity }: PolicyParts): Policy | FileFault {
    const { serverName, minVersion, pins, strict } = tls;
    const more = JSON.stringify([minVersion, [...pins].sort(), strict, identity?.sha256 ?? null]);
    const digest = getOrCreate(this.#digests, more, () =>
      createHash('sha256').update(more).digest('hex').slice(0, 16),
    );
    const key = [verify ? 'verify' : 'off', bundle?.sha256 ?? 'none', serverName ?? '', digest].join('|');
    const known = this.#policies.get(key);
    if (known !== undefined) return known;
    try {
      // An identity may be refused, which has to be known now. Anchors, which were parsed, are not: the first dial makes
      // the context, and a start or a reload does not wait for those of servers that nobody asks for.
      const own = identity && createTrustContext({ bundle, minVersion, identity });
      const policy: Policy = Object.freeze({
        key,
        verify,
        bundle,
        get context() {
          return own ?? sharedTrustContext({ bundle, minVersion });
        },
        serverName,
        pins: new Set(pins),
        strict,
        hasIdentity: identity !== undefined,
      });
      this.#policies.set(key, policy);
      return policy;
    } catch (error) {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException;
      return new FileFault(
        `${tls.clientCertificate?.certificate ?? 'the bundle'} is refused by OpenSSL (${code})`,
        'use RSA of 2048 bits or more, EC or Ed25519, signed with SHA-256 or better',
      );
    }
  }
}

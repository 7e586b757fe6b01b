import { commonName, signCertificate, toPem, type Issuer } from '../src/ca/write-certificate.ts';
import { exportKey, generateKeyPair } from './key-pairs.ts';
import { caExtensions, type CaFaults } from './faults.ts';
import { issueLeaf, type Leaf, type LeafOptions } from './issue-leaf.ts';
import { validityOf, type CommonOptions } from './validity.ts';

export interface CaOptions extends CommonOptions, CaFaults {
  /** The common name; left out, one that no other CA of this process has; `null`: an empty subject. */
  readonly name?: string | null;
  /** Certifies the name and key of that CA in place of new ones: a cross-sign, or a CA renewed with its key. */
  readonly sameKeyAs?: Ca;
}

/** A root or an intermediate, with faults if it was asked for them. */
export interface Ca {
  readonly name: string;
  /** Its own certificate. */
  readonly pem: string;
  readonly certificateDer: Buffer;
  readonly key: string;
  /** Its certificate and those above it, without the root; empty for a root. */
  readonly chain: string;
  readonly notAfter: Date;
  readonly issuer: Issuer;
  intermediate(options?: CaOptions): Ca;
  /** Names that are IP literals become IP SANs; the first one is the common name too. */
  issue(names: string | readonly string[], options?: LeafOptions): Leaf;
}

let unnamed = 0;

/** Makes a root CA, as trustme does for Python. What is not asked for passes strict verification. */
export function createCa(options: CaOptions = {}): Ca {
  return makeCa(options, undefined);
}

function makeCa(options: CaOptions, parent: Ca | undefined): Ca {
  const isNameless = options.name === null;
  const name = options.sameKeyAs?.name ?? (isNameless ? '' : (options.name ?? `test ca ${++unnamed}`));
  const self = options.sameKeyAs?.issuer ?? newIssuer(isNameless ? undefined : name, options);
  const issuer = parent?.issuer ?? self;
  const validity = validityOf(options, 365);
  const extensions = caExtensions(options, self.publicKey, issuer.publicKey);
  const der = signCertificate({ ...self, ...validity, issuer, extensions, version: options.version ?? 3 });
  const pem = toPem(der);
  const chain = parent === undefined ? '' : pem + parent.chain;
  const ca: Ca = {
    name,
    pem,
    certificateDer: der,
    key: exportKey(self),
    chain,
    notAfter: validity.notAfter,
    issuer: self,
    intermediate: (wanted = {}) => makeCa(wanted, ca),
    issue: (names, wanted = {}) => issueLeaf(self, chain, [names].flat(), wanted),
  };
  return ca;
}

const newIssuer = (name: string | undefined, { keyAlgorithm }: CaOptions): Issuer => ({
  ...generateKeyPair(keyAlgorithm),
  subject: commonName(name),
});

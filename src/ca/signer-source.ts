import type { CaSettings } from '../config/config.ts';
import { caError, lossWarning, type CaFault } from './ca-fault.ts';
import { keepLineage } from './keep-lineage.ts';
import { createSigners, isConstrainedTo, type Lineage } from './lineage.ts';
import type { CaInput } from './local-ca.ts';
import { isPermitted } from './permitted-domains.ts';
import type { Signer } from './signer.ts';
import { renderState } from './state-file.ts';

/** Who signs: the CA that the user brought, or the generated one with its successor. What fails leaves it as it was. */
export class SignerSource {
  readonly #places: Pick<CaSettings, 'directory' | 'stateDirectory'>;
  #permitted: CaSettings['permittedDomains'] = [];
  #lineage: { readonly lineage: Lineage; readonly text: string } | undefined;
  #brought: Signer | undefined;
  #signerAt: ((nowMs: number) => Signer) | undefined;

  /** @param places where files are, whatever later configurations say: that waits for a restart */
  constructor(places: Pick<CaSettings, 'directory' | 'stateDirectory'>) {
    this.#places = places;
  }

  /** One object as long as nothing changes; undefined before the first load that succeeds. */
  signerAt(nowMs: number): Signer | undefined {
    return this.#signerAt?.(nowMs);
  }

  /** Whether a leaf for a host would be within the constraints of a generated CA; those of a brought one are its own. */
  mayServe(host: string): boolean {
    return this.#brought !== undefined || isPermitted(host, this.#permitted);
  }

  /** Whether what was loaded last is still what is asked for, though it could not be loaded again. */
  isAskedFor({ brought, permittedDomains }: CaSettings): boolean {
    if (brought !== undefined) return this.#brought !== undefined;
    return this.#lineage !== undefined && isConstrainedTo(this.#lineage.lineage, permittedDomains);
  }

  /**
   * Takes over the CA that was brought, or loads, makes or renews the generated one.
   *
   * @param tell called with what is wrong though there is a CA
   * @returns why there is none
   */
  async load(input: CaInput, nowMs: number, tell: (fault: CaFault) => void): Promise<CaFault | undefined> {
    const { settings } = input;
    if (settings.brought !== undefined) return this.#takeBrought(input);
    const kept = await keepLineage({ ...settings, ...this.#places }, this.#lineage?.lineage, nowMs);
    if ('severity' in kept) return kept;
    if (kept.loss !== undefined) tell(lossWarning(kept.loss));
    if (kept.fault !== undefined) tell(kept.fault);
    const text = renderState(kept.lineage);
    this.#permitted = settings.permittedDomains;
    this.#brought = undefined;
    if (text === this.#lineage?.text) return undefined;
    this.#lineage = { lineage: kept.lineage, text };
    this.#signerAt = createSigners(kept.lineage, this.#permitted);
    return undefined;
  }

  #takeBrought({ brought, faults }: CaInput): CaFault | undefined {
    if (brought === undefined) return faults.find(({ severity }) => severity === 'error') ?? unusable;
    this.#lineage = undefined;
    // The same certificates read anew: the leaves that were minted stay good.
    if (this.#brought !== undefined && isSame(this.#brought, brought)) return undefined;
    this.#brought = brought;
    this.#signerAt = () => brought;
    return undefined;
  }
}

const unusable = caError(
  'the files of ca.certificate and ca.key cannot be used',
  'run mcp-tls-sidecar check',
);

function isSame(one: Signer, other: Signer): boolean {
  const prints = ({ certificate, chain, published }: Signer) =>
    [certificate, ...chain, ...published].map(({ fingerprint256 }) => fingerprint256).join();
  return prints(one) === prints(other);
}

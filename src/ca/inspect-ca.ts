import type { CaSettings } from '../config/config.ts';
import type { FileReader } from '../trust/load-bundle.ts';
import type { CaFault } from './ca-fault.ts';
import type { Signer } from './signer.ts';
import { readState } from './state-file.ts';

/** What is found of the CA before anything is written. */
export interface CaInspection {
  /** The user's own CA, where it can be used. */
  readonly brought: Signer | undefined;
  readonly faults: readonly CaFault[];
}

/** Looks at the files of the CA as `check` and each load do: nothing is made or written. */
export async function inspectCa(settings: CaSettings, files: FileReader): Promise<CaInspection> {
  void files;
  return { brought: undefined, faults: (await readState(settings)).faults };
}

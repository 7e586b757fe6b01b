import type { CaSettings } from '../config/config.ts';
import type { FileReader } from '../trust/load-bundle.ts';
import { readBroughtCa, type BroughtCa } from './brought-ca.ts';
import { caWarning, lossWarning, type CaFault } from './ca-fault.ts';
import { isConstrainedTo, isExpired } from './lineage.ts';
import { readState } from './state-file.ts';

/** Looks at the files of the CA as `check` and each load do: nothing is made or written. */
export async function inspectCa(settings: CaSettings, files: FileReader): Promise<BroughtCa> {
  if (settings.brought !== undefined) return readBroughtCa(settings.brought, files);
  if (settings.stateDirectory === undefined) return { brought: undefined, faults: [memoryOnly] };
  const { lineage, faults } = await readState(settings);
  if (lineage === undefined) return { brought: undefined, faults };
  const loss: CaFault[] = [];
  if (isExpired(lineage, Date.now())) loss.push(lossWarning('expired'));
  else if (!isConstrainedTo(lineage, settings.permittedDomains)) loss.push(lossWarning('constraints'));
  return { brought: undefined, faults: [...faults, ...loss] };
}

const memoryOnly = caWarning(
  'the key of the CA is kept in memory only, so that clients must load ca-bundle.pem anew after each restart',
  'name a ca.state_directory, or set HOME, XDG_STATE_HOME or STATE_DIRECTORY',
);

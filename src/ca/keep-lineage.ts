import { setTimeout as sleep } from 'node:timers/promises';
import type { CaSettings } from '../config/config.ts';
import { caError, describeSystemError, type CaFault } from './ca-fault.ts';
import { renewLineage, type Lineage, type Renewal } from './lineage.ts';
import { readState, saveState } from './state-file.ts';
import { stateDirectoryOf } from './state-access.ts';

/** Another process that shares the state is done with its write long before. */
const maxAttempts = 40;
const retryMs = 25;

/** A lineage to go on with; `fault` where it could not be renewed though that was due, which is tried again. */
export type KeptLineage = Renewal & { readonly fault?: CaFault };

/**
 * Reads the generated CA, renews it where that is due and writes it back. Sidecars that share a state directory end
 * up with the same one.
 *
 * @param inMemory what was last returned, for where no state is kept or it is gone
 */
export async function keepLineage(
  settings: CaSettings,
  inMemory: Lineage | undefined,
  nowMs: number,
): Promise<KeptLineage | CaFault> {
  const permitted = settings.permittedDomains;
  if (stateDirectoryOf(settings) === undefined) return renewLineage(inMemory, permitted, nowMs);
  let due: Renewal | undefined;
  let kept: Lineage | undefined;
  let why = 'another process is writing it';
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { lineage, content, faults } = await readState(settings);
    const error = faults.find(({ severity }) => severity === 'error');
    if (error !== undefined) return error;
    kept = lineage ?? inMemory;
    // Removed under a running sidecar it is written again: clients believe what it was.
    due = renewLineage(lineage ?? inMemory, permitted, nowMs);
    if (due.lineage === lineage) return due;
    try {
      if (await saveState(settings, content, due.lineage)) return due;
    } catch (cause) {
      why = describeSystemError(cause);
      break;
    }
    await sleep(retryMs);
  }
  const fault = unwritable(settings, why);
  // What there is does for now, unless clients would not be served by it, or not as they should be.
  return kept !== undefined && due?.loss === undefined ? { lineage: kept, loss: undefined, fault } : fault;
}

function unwritable(settings: CaSettings, why: string): CaFault {
  return caError(
    `${stateDirectoryOf(settings) ?? ''}, where the CA's key is kept, cannot be written: ${why}`,
    'let the user that runs the sidecar write it, or name another ca.state_directory',
  );
}

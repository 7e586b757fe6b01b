import { setTimeout as sleep } from 'node:timers/promises';
import type { CaSettings } from '../config/config.ts';
import { caError, describeSystemError, type CaFault } from './ca-fault.ts';
import { renewLineage, type Renewal } from './lineage.ts';
import { readState, saveState } from './state-file.ts';
import { stateDirectoryOf } from './state-access.ts';

/** Another process that shares the state is done with its write long before. */
const maxAttempts = 40;
const retryMs = 25;

/**
 * Reads the generated CA, renews it where that is due and writes it back. Sidecars that share a state directory end
 * up with the same one.
 *
 * @param inMemory what was last returned, for where no state is kept
 */
export async function keepLineage(
  settings: CaSettings,
  inMemory: Renewal['lineage'] | undefined,
  nowMs: number,
): Promise<Renewal | CaFault> {
  const permitted = settings.permittedDomains;
  if (stateDirectoryOf(settings) === undefined) return renewLineage(inMemory, permitted, nowMs);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const { lineage, content, faults } = await readState(settings);
    const error = faults.find(({ severity }) => severity === 'error');
    if (error !== undefined) return error;
    const renewal = renewLineage(lineage, permitted, nowMs);
    if (renewal.lineage === lineage) return renewal;
    try {
      if (await saveState(settings, content, renewal.lineage)) return renewal;
    } catch (cause) {
      return unwritable(settings, cause);
    }
    await sleep(retryMs);
  }
  return unwritable(settings, { code: 'another process is writing it' });
}

function unwritable(settings: CaSettings, cause: unknown): CaFault {
  return caError(
    `${stateDirectoryOf(settings) ?? ''}, where the CA's key is kept, cannot be written: ${describeSystemError(cause)}`,
    'let the user that runs the sidecar write it, or name another ca.state_directory',
  );
}

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { CaSettings } from '../config/config.ts';
import { caError, caWarning, type CaFault } from './ca-fault.ts';
import { isInside, resolveExisting } from './paths.ts';

/** Where the key of the generated CA is kept, undefined for memory only. */
export function stateDirectoryOf({ stateDirectory }: CaSettings): string | undefined {
  return stateDirectory === undefined ? undefined : path.join(stateDirectory, 'ca');
}

/** Who else can read or replace the key: the faults of our directory or of the file in it. */
export function accessFaults(name: string, { mode, uid, gid }: Stats, wanted: '700' | '600'): CaFault[] {
  const hint = `run chmod ${wanted} ${name}; whoever read the key can impersonate any server: if that may be, stop the sidecar and remove the state, so that a new CA is made`;
  if (uid !== (process.geteuid?.() ?? uid) && uid !== 0)
    return [
      caError(
        `${name} belongs to another user (uid ${uid})`,
        `run chown ${process.geteuid?.() ?? ''} ${name}, or name another ca.state_directory`,
      ),
    ];
  if ((mode & 0o007) !== 0)
    return [caError(`${name}, which guards the CA's key, is open to everybody`, hint)];
  if ((mode & 0o070) === 0) return [];
  const message = `${name}, which guards the CA's key, is open to the group ${gid}`;
  return [ownGroups().has(gid) ? caWarning(message, hint) : caError(message, hint)];
}

/** The key must not lie where the public files are, nor the public files beside the key. */
export async function placeFaults(settings: CaSettings): Promise<CaFault[]> {
  const state = stateDirectoryOf(settings);
  if (state === undefined) return [];
  const [inner, outer] = await Promise.all([resolveExisting(state), resolveExisting(settings.directory)]);
  const hint = 'clients read ca.directory: name another ca.state_directory, or another ca.directory';
  if (isInside(inner, outer))
    return [caError(`${state}, where the CA's key is kept, lies inside of ca.directory`, hint)];
  if (isInside(outer, inner))
    return [caError(`ca.directory lies inside of ${state}, where the CA's key is kept`, hint)];
  return [];
}

/** Whether it can be looked at: `undefined` for what is not there. */
export async function statIfThere(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function ownGroups(): ReadonlySet<number> {
  const main = [process.getgid?.(), process.getegid?.()].filter((gid) => gid !== undefined);
  return new Set([...(process.getgroups?.() ?? []), ...main]);
}

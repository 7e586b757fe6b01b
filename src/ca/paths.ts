import { realpath } from 'node:fs/promises';
import path from 'node:path';

/** Whether a path, both resolved, is another one or below it. */
export function isInside(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

/** The real path of what is there of a path, with the rest as it is written. */
export async function resolveExisting(file: string): Promise<string> {
  const above = path.dirname(file);
  try {
    return await realpath(file);
  } catch {
    return above === file ? file : path.join(await resolveExisting(above), path.basename(file));
  }
}

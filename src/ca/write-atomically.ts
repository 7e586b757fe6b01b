import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const temporary = /^\..+\.[0-9a-f]{16}\.tmp$/;
/** Longer than any write takes: what is left then is of a process that died in it. */
const abandonedAfterMs = 60_000;

/** Puts a file in place whole, in one step, in place of one that is there. */
export async function writeAtomically(file: string, content: string, mode: number): Promise<void> {
  const written = await writeBeside(file, content, mode);
  try {
    await rename(written, file);
  } finally {
    await rm(written, { force: true });
  }
}

/**
 * Puts a file in place whole unless there is one.
 *
 * @returns whether it was put in place
 */
export async function createAtomically(file: string, content: string, mode: number): Promise<boolean> {
  const written = await writeBeside(file, content, mode);
  try {
    await link(written, file);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // No hard links there (FAT, some network file systems): the gap between look and rename has to do.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
    if (await exists(file)) return false;
    await rename(written, file);
    return true;
  } finally {
    await rm(written, { force: true });
  }
}

/** Makes a directory and those above it that are missing, with a mode whatever the umask. */
export async function makeDirectory(directory: string, mode: number): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = path.dirname(made)) {
    await chmod(made, mode);
    if (made === path.dirname(made)) break;
  }
}

async function writeBeside(file: string, content: string, mode: number): Promise<string> {
  const directory = path.dirname(file);
  await removeAbandoned(directory);
  const beside = path.join(directory, `.${path.basename(file)}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    await using handle = await open(beside, 'wx', mode);
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
    return beside;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** They may hold a key, or fill the disk in a crash loop. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!temporary.test(name)) continue;
    const file = path.join(directory, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(file, { force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

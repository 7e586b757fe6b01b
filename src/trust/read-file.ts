import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/** Larger than any CA bundle in use (Mozilla's is 0.2 MiB), small enough to hold in memory. */
const maxFileBytes = 16 * 1024 * 1024;

/** Why a file could not be used, in words that follow its path, and the remedy. */
export class FileFault {
  readonly message: string;
  readonly hint: string;

  constructor(message: string, hint: string) {
    this.message = message;
    this.hint = hint;
  }
}

/** The bytes of a file, read once, and their SHA-256 in hex. */
export interface FileBytes {
  readonly path: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Reads a regular file of at most 16 MiB. What is hashed is what is returned. */
export async function readRegularFile(file: string): Promise<FileBytes | FileFault> {
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to must not stall the read.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size, isFile } = await handle.stat().then((s) => ({ size: s.size, isFile: s.isFile() }));
    if (!isFile) return new FileFault('is not a regular file', 'name a PEM file or a directory of PEM files');
    if (size > maxFileBytes)
      return new FileFault('is larger than 16 MiB', 'name a file with CA certificates only');
    const bytes = await handle.readFile();
    if (bytes.length > maxFileBytes)
      return new FileFault('is larger than 16 MiB', 'name a file with CA certificates only');
    return { path: file, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    return fileFault(error);
  }
}

/**
 * The files of a CA directory that count: visible regular files (symlinks followed, no recursion) whose names end
 * in .pem, .crt, .cer or a number (the hashed names of `openssl rehash`). Files that several names lead to count once.
 */
export async function listCaDirectory(directory: string): Promise<string[] | FileFault> {
  try {
    const names = (await readdir(directory))
      .filter((name) => /^[^.].*\.(?:pem|crt|cer|\d+)$/.test(name))
      .sort();
    const real = new Map<string, string>();
    for (const name of names) {
      const file = path.join(directory, name);
      const target = await realpath(file).catch(() => undefined);
      if (target === undefined || real.has(target) || !(await stat(target)).isFile()) continue;
      real.set(target, file);
    }
    return [...real.values()];
  } catch (error) {
    return fileFault(error);
  }
}

/** Whether a path is a directory; a fault where it is not there or not to be read. */
export async function isDirectory(file: string): Promise<boolean | FileFault> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    return fileFault(error);
  }
}

function fileFault(error: unknown): FileFault {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new FileFault('does not exist', 'create the file, or correct the path');
    case 'EACCES':
    case 'EPERM':
      return new FileFault('cannot be read: permission denied', 'let the user that runs the sidecar read it');
    case 'ELOOP':
      return new FileFault('is a symbolic link to itself', 'correct the link');
    default:
      return new FileFault(
        `cannot be read: ${code ?? 'unknown error'}`,
        'check the file and its file system',
      );
  }
}

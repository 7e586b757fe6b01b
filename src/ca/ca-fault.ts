/** What is wrong with the local CA or its files. */
export interface CaFault {
  readonly severity: 'error' | 'warning';
  /** What is wrong, with the path; follows `ca: `. Never the content of a file. */
  readonly message: string;
  readonly hint: string;
}

export const caError = (message: string, hint: string): CaFault => ({ severity: 'error', message, hint });
export const caWarning = (message: string, hint: string): CaFault => ({ severity: 'warning', message, hint });

/** Clients that have the old bundle fail from now on, and why that had to be. */
export function lossWarning(loss: 'expired' | 'constraints'): CaFault {
  const why = { expired: 'it has expired', constraints: 'ca.permitted_domains changed' }[loss];
  return caWarning(
    `the CA is replaced by a new one: ${why}`,
    'let clients load ca-bundle.pem anew: restart them after the sidecar',
  );
}

/** What a system call on a file failed with, as far as it helps: `permission denied`. */
export function describeSystemError(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    ENOTDIR: 'something on its path is no directory',
    EEXIST: 'something on its path is no directory',
    EISDIR: 'it is a directory',
    ELOOP: 'it is a symbolic link to itself',
  };
  return known[code ?? ''] ?? code ?? 'unknown error';
}

import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { X509Certificate } from 'node:crypto';
import type { Bundle } from '../trust/bundle.ts';
import { caError, describeSystemError, type CaFault } from './ca-fault.ts';
import { toPem } from './write-certificate.ts';
import { makeDirectory, writeAtomically } from './write-atomically.ts';

/**
 * Writes what clients load: `ca.pem`, and `ca-bundle.pem` with the default trust besides. A file that already is as
 * it should be is left alone; what another one held is never used.
 *
 * @param defaultTrust undefined where it cannot be used, and then `ca-bundle.pem` is not written
 */
export async function publish(
  directory: string,
  certificates: readonly X509Certificate[],
  defaultTrust: Bundle | undefined,
): Promise<CaFault | undefined> {
  const own = render(certificates);
  try {
    await makeDirectory(directory, 0o755);
    const files = [keepFile(path.join(directory, 'ca.pem'), own)];
    if (defaultTrust !== undefined)
      files.push(keepFile(path.join(directory, 'ca-bundle.pem'), own + render(defaultTrust.certificates)));
    // Not all(), which would leave a write behind where the other one fails.
    for (const written of await Promise.allSettled(files))
      if (written.status === 'rejected') throw written.reason;
    return defaultTrust === undefined ? withoutTrust : undefined;
  } catch (error) {
    return caError(
      `${directory}, where clients find the CA, cannot be written: ${describeSystemError(error)}`,
      'let the user that runs the sidecar write it, or name another ca.directory',
    );
  }
}

const withoutTrust = caError(
  'ca-bundle.pem cannot be written: the default trust that belongs into it cannot be used',
  'mend the default trust: SSL_CERT_FILE and SSL_CERT_DIR if they are set, else the store of the system',
);

async function keepFile(file: string, content: string): Promise<void> {
  if ((await contentOf(file, Buffer.byteLength(content))) !== content)
    await writeAtomically(file, content, 0o644);
}

/** Undefined for anything that cannot be what we wrote. */
async function contentOf(file: string, size: number): Promise<string | undefined> {
  try {
    const found = await lstat(file);
    const isOurs = found.isFile() && found.size === size && (found.mode & 0o777) === 0o644;
    return isOurs ? await readFile(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}

const render = (certificates: readonly X509Certificate[]): string =>
  certificates.map(({ raw }) => toPem(raw)).join('');

import { createHash, type X509Certificate } from 'node:crypto';
import type { FileReader } from './load-bundle.ts';
import { noCertificateFault } from './parse-certificates.ts';
import { FileFault } from './read-file.ts';
import { readPrivateKey } from './read-key.ts';

/** What a client shows a server that asks for it. */
export interface Identity {
  /** Of the certificates, by which the key is told too: equal for the same identity. Holds no secret. */
  readonly sha256: string;
  /** The certificate and its intermediates, PEM. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  readonly leaf: X509Certificate;
}

/** Where an identity is. */
export interface IdentityPaths {
  readonly certificate: string;
  readonly key: string;
}

/** Loads a client certificate with its key. The fault says which of the files is meant. */
export async function loadIdentity(paths: IdentityPaths, files: FileReader): Promise<Identity | FileFault> {
  const file = await files.read(paths.certificate);
  const certificates = file instanceof FileFault ? file : files.certificatesOf(file);
  if (certificates instanceof FileFault) return ofFile(paths.certificate, certificates);
  const [leaf] = certificates;
  if (leaf === undefined || file instanceof FileFault)
    return ofFile(paths.certificate, file instanceof FileFault ? file : noCertificateFault(file.bytes));
  const key = await readPrivateKey(paths.key, files);
  if (key instanceof FileFault) return ofFile(paths.key, key);
  if (!leaf.checkPrivateKey(key))
    return new FileFault(
      `${paths.key} does not fit the first certificate of ${paths.certificate}`,
      'name the key of that certificate; where both are renewed, write the key first',
    );
  const certificate = certificates.map((one) => one.toString()).join('');
  const pem = key.export({ type: 'pkcs8', format: 'pem' });
  return { sha256: createHash('sha256').update(certificate).digest('hex'), certificate, key: pem, leaf };
}

function ofFile(path: string, { message, hint }: FileFault): FileFault {
  return new FileFault(
    `${path} ${message}`,
    hint.replace('PEM file or a directory of PEM files', 'PEM file'),
  );
}

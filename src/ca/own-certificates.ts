import type { X509Certificate } from 'node:crypto';
import path from 'node:path';
import type { CaSettings } from '../config/config.ts';
import { createBundle, type Bundle } from '../trust/bundle.ts';
import { ownNamePrefix, ownOrganisation } from './generated-ca.ts';
import { isInside, resolveExisting } from './paths.ts';
import type { Signer } from './signer.ts';
import { exportSpki } from './write-certificate.ts';

/**
 * A bundle without the certificates of our own CA, which is for clients: whoever got hold of its key must not be able
 * to play an upstream server as well.
 *
 * @param brought the user's own CA, if there is one
 * @returns the very bundle where none was in it; undefined where nothing else was
 */
export function withoutOwnCertificates(bundle: Bundle, brought: Signer | undefined): Bundle | undefined {
  const broughtKey = brought === undefined ? undefined : exportSpki(brought.certificate.publicKey);
  const others = bundle.certificates.filter(
    // Cross-signed or renewed, it is the key that counts.
    (one) => !isGenerated(one) && (broughtKey === undefined || !one.raw.includes(broughtKey)),
  );
  if (others.length === bundle.certificates.length) return bundle;
  return others.length === 0 ? undefined : createBundle(bundle.source, others);
}

/** Which variable makes a file that we publish the default trust, if one does: `SSL_CERT_FILE /path`. */
export async function ownFileAsTrust(
  { directory }: CaSettings,
  { SSL_CERT_FILE: file, SSL_CERT_DIR: directories = '' }: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const published = await resolveExisting(directory);
  const named = [
    ...(file ? [['SSL_CERT_FILE', file] as const] : []),
    ...directories.split(':').flatMap((one) => (one === '' ? [] : [['SSL_CERT_DIR', one] as const])),
  ];
  for (const [variable, value] of named)
    if (isInside(await resolveExisting(path.resolve(value)), published)) return `${variable} ${value}`;
  return undefined;
}

/** Ours or another sidecar's, self-signed or cross-signed: nobody else has such a name. */
function isGenerated(certificate: X509Certificate): boolean {
  // Node has undefined for an empty subject, whatever its type says.
  const attributes = (certificate.subject as string | undefined)?.split('\n') ?? [];
  return (
    attributes.includes(`O=${ownOrganisation}`) &&
    attributes.some((one) => one.startsWith(`CN=${ownNamePrefix}`))
  );
}

import { writeFile } from 'node:fs/promises';
import type { X509Certificate } from 'node:crypto';
import { formatAuthority } from '../authority.ts';
import { notAfterOf, notBeforeOf } from '../trust/certificate-facts.ts';
import { distinguishedName, timeOf } from './certificate-words.ts';
import type { Evidence } from './evidence.ts';

/** What was presented, as PEM, with words for people in between. */
export function renderChain({
  subject,
  presented,
  nowMs,
}: Pick<Evidence, 'subject' | 'presented' | 'nowMs'>): string {
  const at = new Date(nowMs).toISOString();
  return [
    `# Presented by ${formatAuthority(subject.authority)} at ${at}, the server's certificate first.`,
    '# PRESENTED IS NOT TRUSTED: anybody on the way could have sent this. Compare the SHA-256 fingerprints with',
    '# the owner of the server, by another way, before you name this file in ssl_verify.',
    ...presented.map((one, position) => renderOne(one, position)),
    '',
  ].join('\n');
}

/**
 * Writes it to a new file. One that is there already may be somebody's trust, and is left alone.
 *
 * @throws the error of the file system, EEXIST among them
 */
export async function saveChain(file: string, evidence: Evidence): Promise<void> {
  await writeFile(file, renderChain(evidence), { flag: 'wx', mode: 0o644 });
}

function renderOne(certificate: X509Certificate, position: number): string {
  return [
    '',
    `# ${position}: ${distinguishedName(certificate.subject)}`,
    `#    issuer: ${distinguishedName(certificate.issuer)}`,
    `#    valid: ${timeOf(notBeforeOf(certificate)) ?? 'unreadable'} to ${timeOf(notAfterOf(certificate)) ?? 'unreadable'}`,
    `#    sha256: ${certificate.fingerprint256}`,
    certificate.toString().trimEnd(),
  ].join('\n');
}

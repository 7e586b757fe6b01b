import type { X509Certificate } from 'node:crypto';
import { notAfterOf, notBeforeOf, onOneLine } from '../trust/certificate-facts.ts';
import { clean } from './clean.ts';

const dayMs = 86_400_000;

/** What people call a certificate: the common name of its subject, else its first alternative name. */
export function nameOf(certificate: X509Certificate): string {
  return nameIn(certificate.subject) || altNames(certificate)[0] || 'a certificate without a name';
}

/** The same of its issuer. */
export function issuerNameOf({ issuer }: X509Certificate): string {
  return nameIn(issuer) || 'an issuer without a name';
}

/** A distinguished name on one line. */
export function distinguishedName(name: string | undefined): string {
  return clean(onOneLine(name));
}

/** The alternative names, without their types. */
export function altNames({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName
    .split(', ')
    .map((name) => clean(name.replace(/^(?:DNS|IP Address):/, '')))
    .filter((name) => name !== '');
}

/**
 * A date of a certificate as text. OpenSSL refuses dates that cannot be read only when it verifies: undefined for those.
 */
export function timeOf(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Whole days until it ends, negative once it has; NaN where its end cannot be read. */
export function daysLeft(certificate: X509Certificate, nowMs: number): number {
  return Math.floor((notAfterOf(certificate).getTime() - nowMs) / dayMs);
}

/** Where it stands in time: `valid for 29 days`, `expired 3 days ago`. */
export function validityWords(certificate: X509Certificate, nowMs: number): string {
  const fromMs = notBeforeOf(certificate).getTime();
  if (nowMs < fromMs) return `not valid before ${dateOf(notBeforeOf(certificate))}`;
  const left = daysLeft(certificate, nowMs);
  if (Number.isNaN(left)) return 'with dates that cannot be read';
  if (left >= 0) return `${days(left)} left`;
  return `expired on ${dateOf(notAfterOf(certificate))}`;
}

export function dateOf(date: Date): string {
  return timeOf(date)?.slice(0, 10) ?? 'a date that cannot be read';
}

/** Where its issuer's certificate can be had (RFC 5280 section 4.2.2.1, caIssuers); never fetched here. */
export function issuerUrl({ infoAccess }: X509Certificate): string | undefined {
  const url = /^CA Issuers - URI:(.+)$/m.exec(infoAccess ?? '')?.[1];
  return url === undefined ? undefined : clean(url);
}

function nameIn(name: string | undefined): string {
  const lines = (name ?? '').split('\n');
  const of = (key: string) => lines.findLast((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  return clean(of('CN') ?? of('OU') ?? of('O') ?? lines.at(-1) ?? '');
}

export function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

import type { X509Certificate } from 'node:crypto';
import type { PermittedDomain } from '../config/config.ts';
import { notAfterOf, readFacts } from '../trust/certificate-facts.ts';
import { extension, oids } from './extensions.ts';
import { caLifeMs, crossSign, dayMs, generateCa, type GeneratedCa } from './generated-ca.ts';
import { constraintsOf } from './permitted-domains.ts';
import type { Signer } from './signer.ts';

/** The generated CA, and from its half life on the one that takes over. */
export interface Lineage {
  readonly current: GeneratedCa;
  readonly successor: GeneratedCa | undefined;
}

/** What became of a lineage; `loss` says why clients that have the old bundle fail from now on, where they do. */
export interface Renewal {
  readonly lineage: Lineage;
  readonly loss: 'expired' | 'constraints' | undefined;
}

/** For this long before the end of a CA its successor signs. */
const handoverMs = 30 * dayMs;

/**
 * The lineage that is due at a moment: itself where nothing is.
 *
 * @param lineage undefined where there is none yet
 */
export function renewLineage(
  lineage: Lineage | undefined,
  permitted: readonly PermittedDomain[],
  nowMs: number,
): Renewal {
  const anew = (loss: Renewal['loss']): Renewal => ({
    lineage: { current: generateCa(nowMs, permitted), successor: undefined },
    loss,
  });
  if (lineage === undefined) return anew(undefined);
  if (!isConstrainedTo(lineage, permitted)) return anew('constraints');
  const { current, successor } = promote(lineage, nowMs);
  if (notAfterMs(current) <= nowMs) return anew('expired');
  const isDue = nowMs >= notAfterMs(current) - caLifeMs / 2;
  if (isDue && successor === undefined)
    return { lineage: { current, successor: generateCa(nowMs, permitted) }, loss: undefined };
  return { lineage: current === lineage.current ? lineage : { current, successor }, loss: undefined };
}

/** Whether a lineage was made under the `permitted_domains` that hold now. */
export function isConstrainedTo(
  { current, successor }: Lineage,
  permitted: readonly PermittedDomain[],
): boolean {
  const wanted = constraintsOf(permitted);
  return [current, ...(successor === undefined ? [] : [successor])].every(({ certificate }) => {
    const nameConstraints = readFacts(certificate).extensions.get(oids.nameConstraints)?.value;
    if (wanted === undefined || nameConstraints === undefined) return wanted === nameConstraints;
    return extension(oids.nameConstraints, nameConstraints, true).equals(wanted);
  });
}

/** Whether nothing of a lineage is valid any more. */
export function isExpired(lineage: Lineage, nowMs: number): boolean {
  return notAfterMs(promote(lineage, nowMs).current) <= nowMs;
}

/**
 * Who signs, one object as long as nothing changes. In the last days of a CA that is its successor, under a
 * certificate by the CA itself: so clients verify who have the old bundle, and those who have the new one.
 */
export function createSigners(
  lineage: Lineage,
  permitted: readonly PermittedDomain[],
): (nowMs: number) => Signer {
  const { current, successor } = lineage;
  if (successor === undefined) {
    const alone: Signer = { ...current, chain: [], published: [current.certificate] };
    return () => alone;
  }
  const published = [current.certificate, successor.certificate];
  const first: Signer = { ...current, chain: [], published };
  const crossed: Signer = { ...successor, chain: [crossSign(successor, current, permitted)], published };
  const last: Signer = { ...successor, chain: [], published: [successor.certificate] };
  return (nowMs) => {
    if (nowMs >= notAfterMs(current)) return last;
    return nowMs >= notAfterMs(current) - handoverMs ? crossed : first;
  };
}

function promote(lineage: Lineage, nowMs: number): Lineage {
  const { current, successor } = lineage;
  if (successor === undefined || notAfterMs(current) > nowMs) return lineage;
  return { current: successor, successor: undefined };
}

function notAfterMs({ certificate }: { readonly certificate: X509Certificate }): number {
  return notAfterOf(certificate).getTime();
}

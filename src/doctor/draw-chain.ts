import { days } from './certificate-words.ts';
import type { Paint } from './render-text.ts';
import type { Report, ShownCertificate } from './report.ts';
import { hang } from './wrap.ts';

/** Who signed whom, from the server's certificate up, and where it ends. */
export function drawChain(
  { isAnchored, certificates }: NonNullable<Report['chain']>,
  paint: Paint,
): string[] {
  const last = certificates.length - 1;
  const top = certificates[last];
  const isRoot = top !== undefined && top.subject === top.issuer;
  return [
    'the chain, from the certificate of the server up',
    ...certificates.flatMap((one, position) => [
      ...(position === 0 ? [] : ['    | signed by']),
      ...drawOne(one, position, isAnchored && position === last, paint),
    ]),
    ...(isAnchored || top === undefined ? [] : drawEnd(top, isRoot, paint)),
  ];
}

function drawOne(one: ShownCertificate, position: number, isAnchor: boolean, paint: Paint): string[] {
  const where = isAnchor ? 'in the bundle: the anchor' : 'sent';
  const lines = hang(`  ${position} `, `${one.name} (${where}, ${validity(one)})`);
  const isBad = one.daysLeft === undefined || one.daysLeft < 0 || one.isNotYetValid;
  return isBad ? lines.map((line) => paint(line, 'red')) : lines;
}

function drawEnd(top: ShownCertificate, isRoot: boolean, paint: Paint): string[] {
  if (isRoot) return [paint('    x signed by itself, and not in the bundle', 'red')];
  const url = top.issuerUrl === undefined ? [] : hang('      ', `it says that this is at ${top.issuerUrl}`);
  return [
    '    | signed by',
    ...hang('  ? ', `${top.issuerName} (MISSING: neither sent nor in the bundle)`).map((line) =>
      paint(line, 'red'),
    ),
    ...url,
  ];
}

function validity({ daysLeft, isNotYetValid, notBefore, notAfter }: ShownCertificate): string {
  if (daysLeft === undefined || notBefore === undefined || notAfter === undefined)
    return 'with dates that cannot be read';
  if (isNotYetValid) return `not valid before ${notBefore.slice(0, 10)}`;
  if (daysLeft < 0) return `EXPIRED on ${notAfter.slice(0, 10)}`;
  return `${days(daysLeft)} left`;
}

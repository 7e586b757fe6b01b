import type { Report } from './report.ts';

/** A report in the words of `--json` (docs/doctor.md); what is not known is null. */
export function describeReport(report: Report): object {
  const { target, url, authority, entry, notes, verdict, reason, cause, fault, sentence, also, remedy } =
    report;
  return {
    target,
    url,
    authority,
    entry: entry ?? null,
    notes,
    verdict,
    reason: reason ?? null,
    cause,
    fault: fault ?? null,
    sentence,
    also,
    remedy,
    steps: report.steps,
    chain: describeChain(report.chain),
    clients: report.clients.map(({ client, accepts, why }) => ({ client, accepts, why })),
    bundles: report.bundles.map(({ source, isUsed, verifies, words }) => ({
      source,
      used: isUsed,
      verifies,
      words,
    })),
  };
}

/** A chain in the words of `--json`. */
export function describeChain(chain: Report['chain']) {
  if (chain === undefined) return null;
  return {
    anchored: chain.isAnchored,
    certificates: chain.certificates.map((one) => ({
      from: one.from,
      subject: one.subject,
      issuer: one.issuer,
      names: one.names,
      not_before: one.notBefore ?? null,
      not_after: one.notAfter ?? null,
      days_left: one.daysLeft ?? null,
      fingerprint_sha256: one.fingerprintSha256,
      issuer_url: one.issuerUrl ?? null,
    })),
  };
}

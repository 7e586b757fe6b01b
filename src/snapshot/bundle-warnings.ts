import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { problemAt } from '../config/problem-at.ts';
import type { Problem } from '../config/problem.ts';
import { bypassedConstraints, type Bundle } from '../trust/bundle.ts';

/** What is odd about a bundle that an entry names, though it can be used. Default trust is the system's business. */
export function bundleWarnings(config: Config, entry: ServerEntry | HostEntry, bundle: Bundle): Problem[] {
  if (entry.sslVerify.kind !== 'path' && entry.sslVerify.kind !== 'pem') return [];
  const warn = (message: string, hint: string) =>
    problemAt(config, {
      severity: 'warning',
      position: entry.trustPosition,
      message: `ssl_verify of ${entry.name}: ${message}`,
      hint,
      entry: entry.name,
    });
  const warnings: Problem[] = [];
  const expired = bundle.certificates.filter((one) => one.validToDate.getTime() < Date.now());
  if (expired.length > 0)
    warnings.push(
      warn(
        `${expired.length} of ${bundle.certificates.length} certificates have expired`,
        'a chain that ends in an expired certificate fails: ask for the current bundle',
      ),
    );
  const bypassed = bypassedConstraints(bundle);
  if (bypassed.length > 0)
    warnings.push(
      warn(
        `${bypassed.length} intermediate certificates make the name constraints of their root moot`,
        'every certificate in a bundle is an anchor of its own: leave the root alone in it',
      ),
    );
  return warnings;
}

import type { Config, HostEntry, ServerEntry } from '../config/config.ts';
import { problemAt } from '../config/problem-at.ts';
import type { Problem } from '../config/problem.ts';
import { bypassedConstraints, type Bundle } from '../trust/bundle.ts';
import { notAfterOf } from '../trust/certificate-facts.ts';

/**
 * What is odd about a bundle that an entry names, though it can be used. Default trust is the system's business.
 *
 * @param hadOwnCa whether certificates of the local CA were taken out of it
 */
export function bundleWarnings(
  config: Config,
  entry: ServerEntry | HostEntry,
  bundle: Bundle,
  hadOwnCa = false,
): Problem[] {
  const isOff = entry.sslVerify.kind === 'off';
  const { kind } = isOff ? (entry.tls.verifyWith ?? entry.sslVerify) : entry.sslVerify;
  if (kind !== 'path' && kind !== 'pem') return [];
  const key = isOff ? 'tls.verify_with' : 'ssl_verify';
  const warn = (message: string, hint: string) =>
    problemAt(config, {
      severity: 'warning',
      position: entry.trustPosition,
      message: `${key} of ${entry.name}: ${message}`,
      hint,
      entry: entry.name,
    });
  const warnings: Problem[] = [];
  // A few among many is how system stores are; nothing can end in a bundle that has run out altogether.
  if (bundle.certificates.every((one) => notAfterOf(one).getTime() < Date.now()))
    warnings.push(
      warn('every certificate in it has expired', 'no chain can end in it: ask for the current bundle'),
    );
  const bypassed = bypassedConstraints(bundle);
  if (bypassed.length > 0)
    warnings.push(
      warn(
        `intermediate certificates in it (${bypassed.length}) make the name constraints of their root moot`,
        'every certificate in a bundle is an anchor of its own: leave the root alone in it',
      ),
    );
  if (hadOwnCa)
    warnings.push(
      warn(
        "the sidecar's own CA, which is in it, is left out",
        'remove it from the bundle: that CA is for clients of the sidecar, no server has a certificate of it',
      ),
    );
  return warnings;
}

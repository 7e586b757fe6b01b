import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Policy } from '../policy/policy.ts';
import { factsOf } from '../trust/certificate-facts.ts';
import { findStrictDefects } from '../trust/strict-defects.ts';
import { chainUnder, presentedBy } from './peer-chain.ts';

/** A verdict of ours on top of OpenSSL's. */
export class PeerVerdict extends Error {
  readonly code: 'PIN_MISMATCH' | 'STRICT_DEFECTS';

  constructor(code: PeerVerdict['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Judges what OpenSSL let pass by what else the policy asks for: pins, and the rules of strict clients. Such policies
 * never resume, so that there always is a chain to judge.
 *
 * @returns undefined where all is well
 */
export function judgePeer(socket: TLSSocket, policy: Policy): PeerVerdict | undefined {
  if (policy.pins.size === 0 && !policy.strict) return undefined;
  const presented = presentedBy(socket);
  const [leaf] = presented;
  if (policy.pins.size > 0) {
    const pin = leaf === undefined ? 'none' : spkiPin(leaf);
    if (!policy.pins.has(pin))
      return new PeerVerdict('PIN_MISMATCH', `the pin of the certificate that was presented is ${pin}`);
  }
  if (!policy.strict || policy.bundle === undefined) return undefined;
  const chain = chainUnder(policy.bundle, presented);
  if (chain?.isAnchored !== true)
    return new PeerVerdict('STRICT_DEFECTS', 'the chain that was verified cannot be rebuilt');
  const defects = findStrictDefects(chain.certificates);
  if (defects.length === 0) return undefined;
  const words = defects.map(({ defect, position }) => `${defect} (certificate ${position})`);
  return new PeerVerdict('STRICT_DEFECTS', words.join(', '));
}

/** Base64 of the SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4), as `pin_sha256` takes it. */
export function spkiPin(certificate: X509Certificate): string {
  const spki =
    factsOf(certificate)?.publicKey ?? certificate.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('base64');
}

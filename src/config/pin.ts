import { Fault } from './fault.ts';

/** What base64 makes of 32 bytes, and no other spelling of them. The prefixes are those of HPKP and of curl. */
const PIN = /^(?:sha256\/\/?)?([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)$/;

/** How a pin is computed, as a hint. */
export const PIN_HINT =
  'compute it with: openssl x509 -in leaf.pem -noout -pubkey | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64';

/** Reads the SHA-256 of a public key (SPKI) in base64, 44 characters; a prefix is dropped. */
export function parsePin(text: string): string | Fault {
  return PIN.exec(text)?.[1] ?? new Fault("is no base64 of a public key's SHA-256", PIN_HINT);
}

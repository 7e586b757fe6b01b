import { createSecureContext } from 'node:tls';
import { DEFAULT_TLS } from '../config/tls-settings.ts';
import type { Policy } from '../policy/policy.ts';
import { PolicyCompiler } from '../snapshot/policy-compiler.ts';
import { FileReader } from '../trust/load-bundle.ts';

/**
 * A policy that believes nobody and refuses nobody, to see what a server presents. It shows no client certificate,
 * and nothing must ever be sent by it.
 *
 * @returns undefined never in practice: without a bundle or an identity there is nothing that OpenSSL could refuse
 */
export function probePolicy({ serverName }: Pick<Policy, 'serverName'>): Policy | undefined {
  const tls = { ...DEFAULT_TLS, serverName };
  const compiled = new PolicyCompiler(new FileReader(), []).compile({
    verify: false,
    bundle: undefined,
    tls,
    identity: undefined,
  });
  return 'context' in compiled ? compiled : undefined;
}

/** OpenSSL refuses to start without one for the highest version. */
const everyCipher =
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ALL:COMPLEMENTOFALL:@SECLEVEL=0';

/** The same for a server that refuses the handshake: with every version and cipher that OpenSSL still has. */
export function lenientPolicy(policy: Pick<Policy, 'serverName'>): Policy | undefined {
  const probe = probePolicy(policy);
  const context = createSecureContext({ ca: [], minVersion: 'TLSv1', ciphers: everyCipher });
  return probe && { ...probe, context };
}

import { resolve } from 'node:path';
import type { z } from 'zod/mini';
import type { TlsSettings } from './config.ts';
import type { serverTlsSchema } from './schema.ts';
import { resolveSslVerify } from './ssl-verify.ts';

/** The `tls` key after its schema; a host entry has fewer keys. */
export type WrittenTls = Partial<z.output<typeof serverTlsSchema>>;

/** What holds where nothing is written. */
export const DEFAULT_TLS: TlsSettings = fillInTls({}, '/');

/** Fills in the defaults; relative paths start at the folder of the file. */
export function fillInTls(written: WrittenTls, folder: string): TlsSettings {
  const { client_certificate: certificate, client_key: key, verify_with: verifyWith } = written;
  return {
    systemRoots: written.system_roots ?? false,
    serverName: written.server_name ?? undefined,
    pins: [...new Set([written.pin_sha256 ?? []].flat())],
    minVersion: written.min_version ?? 'TLSv1.2',
    clientCertificate:
      certificate && key
        ? { certificate: resolve(folder, certificate), key: resolve(folder, key) }
        : undefined,
    strict: written.strict ?? false,
    insecureUntil: written.insecure_until ?? undefined,
    insecureReason: written.insecure_reason ?? undefined,
    verifyWith: verifyWith ? resolveSslVerify(verifyWith, folder) : undefined,
    rewriteOauth: written.rewrite_oauth ?? false,
  };
}

import type { Situation } from '../../certs-fixtures/situation.ts';
import type { SituationFiles } from '../../certs-fixtures/write-situation.ts';

/** The entry of `mcp_servers` for a situation whose server listens on a port. */
export function situationEntry(
  { setUp }: Situation,
  port: number,
  { client }: SituationFiles,
  tls: object = {},
): object {
  const { host, bundle, pins } = setUp();
  return {
    url: `https://${host}:${port}/mcp`,
    ssl_verify: bundle,
    tls: {
      ...(client && { client_certificate: client.certificate, client_key: client.key }),
      ...(pins && { pin_sha256: pins }),
      ...tls,
    },
  };
}

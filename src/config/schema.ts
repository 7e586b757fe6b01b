import { z } from 'zod';
import {
  booleanSchema,
  durationSchema,
  hostSchema,
  integerSchema,
  listenSchema,
  listSchema,
  mappingSchema,
  noProxySchema,
  pathSchema,
  permittedDomainSchema,
  proxyUrlSchema,
  sslVerifySchema,
  urlSchema,
  wordSchema,
} from './schema-values.ts';
import { dateTimeSchema, lineSchema, pinSchema, verifyWithSchema } from './tls-values.ts';

const tls = {
  system_roots: booleanSchema
    .nullish()
    .describe('Add the default trust store to the bundle that ssl_verify names (default false).'),
  server_name: hostSchema
    .nullish()
    .describe("The name that is sent as SNI and verified, where it is not the URL's host."),
  pin_sha256: z
    .union([pinSchema, listSchema(pinSchema)])
    .nullish()
    .describe("SHA-256 of the leaf's public key (SPKI) in base64, one or several; on top of verification."),
  min_version: wordSchema(['TLSv1.2', 'TLSv1.3'])
    .nullish()
    .describe('The least TLS version that is spoken (default TLSv1.2).'),
  client_certificate: pathSchema
    .nullish()
    .describe('A PEM file: the certificate that is shown to the server, with its intermediates.'),
  client_key: pathSchema.nullish().describe('A PEM file: the private key of client_certificate.'),
  strict: booleanSchema.nullish().describe('Also refuse what Python 3.13 refuses (default false).'),
  insecure_until: dateTimeSchema
    .nullish()
    .describe('With ssl_verify: false: from then on it is verified. RFC 3339, e.g. 2026-12-31T00:00:00Z.'),
  insecure_reason: lineSchema
    .nullish()
    .describe('With ssl_verify: false: why, in one line; the number of a ticket, say.'),
  verify_with: verifyWithSchema
    .optional()
    .describe(
      'With ssl_verify: false: the trust that chains are judged by meanwhile, and verified by after insecure_until.',
    ),
};

const sslVerify = sslVerifySchema
  .optional()
  .describe(
    'What to trust: a PEM file, a directory of them or PEM text; true is the default trust store, false does not verify. Absent or null inherits mcp_tls_sidecar.ssl_verify, then default trust.',
  );

/** The `tls` key of a server. */
export const serverTlsSchema = mappingSchema({
  ...tls,
  upstream_url: urlSchema
    .nullish()
    .describe('The real address, where url is written for LiteLLM as http:// or as our base URL.'),
  rewrite_oauth: booleanSchema
    .nullish()
    .describe(
      'On the base-URL route, give OAuth metadata the local URL (default false): tokens are then asked for that.',
    ),
});

/** The `tls` key of a host entry: it has no URL. */
export const hostTlsSchema = mappingSchema(tls);

/** One item of `mcp_servers`; its other keys are LiteLLM's. */
export const serverSchema = z
  .looseObject({
    url: urlSchema.nullish().describe('https or http; entries with transport: stdio are skipped.'),
    ssl_verify: sslVerify,
    tls: serverTlsSchema
      .nullish()
      .describe('More about the TLS connection to this server; read by mcp-tls-sidecar only.'),
  })
  .describe('An MCP server, as LiteLLM writes it.');

/** A host entry that is a mapping. */
export const hostSettingsSchema = mappingSchema({ ssl_verify: sslVerify, tls: hostTlsSchema.nullish() });

/** Settings that stand alone: no key of them is read differently where others are wrong. */
export const settingsSchema = mappingSchema({
  listen: z
    .union([listenSchema, listSchema(listenSchema)])
    .nullish()
    .describe('Where the proxy listens, one address or a list (default 127.0.0.1:8921).'),
  admin: listenSchema
    .nullish()
    .describe('Where metrics, probes and POST /-/reload are served (default 127.0.0.1:9921).'),
  ssl_verify: sslVerify.describe('For every entry that says nothing.'),
  unlisted_hosts: wordSchema(['pass', 'deny'])
    .nullish()
    .describe('CONNECT to a host without an entry: pass (a blind tunnel, the default) or deny.'),
  unlisted_plaintext: wordSchema(['deny', 'pass'])
    .nullish()
    .describe('Plain http to a host without an entry: deny (the default) or pass.'),
  hosts: z
    .record(z.string(), z.union([hostSettingsSchema, wordSchema(['tunnel', 'deny'])]))
    .nullish()
    .describe('Policy by host, without an MCP server entry: {ssl_verify, tls}, tunnel or deny.'),
  ca: mappingSchema({
    directory: pathSchema
      .nullish()
      .describe(
        'Where ca.pem and ca-bundle.pem are written (default ./mcp-tls-sidecar-ca in the working directory).',
      ),
    state_directory: pathSchema
      .nullish()
      .describe(
        "Where the CA's key is kept; default $STATE_DIRECTORY, else $XDG_STATE_HOME/mcp-tls-sidecar, else ~/.local/state/mcp-tls-sidecar, else memory only.",
      ),
    certificate: pathSchema
      .nullish()
      .describe('Your own CA in place of a generated one, a chain if need be; then key is needed too.'),
    key: pathSchema.nullish().describe('The private key of certificate.'),
    permitted_domains: listSchema(permittedDomainSchema)
      .nullish()
      .describe(
        'X.509 name constraints of the generated CA: names (each with all below it), addresses, CIDR blocks.',
      ),
  })
    .nullish()
    .describe('The local CA, which clients of the CONNECT route believe.'),
  upstream_proxy: proxyUrlSchema
    .nullish()
    .describe('The proxy through which everything is dialled, e.g. http://proxy.example.com:3128.'),
  no_proxy: listSchema(noProxySchema)
    .nullish()
    .describe('What is dialled without the proxy: host, .suffix or CIDR, with an optional port.'),
  timeouts: mappingSchema({
    dial: durationSchema('1ms', '5m')
      .nullish()
      .describe('Name resolution, all addresses and the handshake together (default 8s).'),
    response: durationSchema('0s', '24h').nullish().describe('Until the response head (default 0s: none).'),
    drain: durationSchema('0s', '1h')
      .nullish()
      .describe('How long a stop waits for open requests (default 25s).'),
  }).nullish(),
  limits: mappingSchema({
    connections: integerSchema(1, 1_000_000)
      .nullish()
      .describe('Client connections at a time (default 10000).'),
    header_bytes: integerSchema(1024, 1_048_576)
      .nullish()
      .describe('Bytes of a request head (default 65536).'),
  }).nullish(),
  log: mappingSchema({
    level: wordSchema(['debug', 'info', 'warn', 'error']).nullish().describe('Default info.'),
    requests: wordSchema(['all', 'failures', 'none']).nullish().describe('Default all.'),
  }).nullish(),
  allow_remote_clients: booleanSchema
    .nullish()
    .describe(
      'Needed to listen on anything but loopback (default false); needs unlisted_hosts: deny beside it.',
    ),
  allowed_hosts: listSchema(hostSchema)
    .nullish()
    .describe('Further Host names accepted by base-URL routes and the admin pages.'),
});

/** The file as one reads it after YAML; other top-level keys are left alone. */
export const fileSchema = z.looseObject({
  mcp_servers: z.record(z.string(), serverSchema).nullish().describe("LiteLLM's mcp_servers."),
  mcp_tls_sidecar: settingsSchema.nullish().describe('The settings of mcp-tls-sidecar.'),
});

import { z } from 'zod/mini';
import {
  booleanSchema,
  durationSchema,
  hostSchema,
  integerSchema,
  listenSchema,
  listSchema,
  mappingSchema,
  mayBeLeftOut,
  noProxySchema,
  pathSchema,
  permittedDomainSchema,
  proxyUrlSchema,
  setting,
  sslVerifySchema,
  urlSchema,
  wordSchema,
} from './schema-values.ts';
import { dateTimeSchema, lineSchema, pinSchema, verifyWithSchema } from './tls-values.ts';

const tls = {
  system_roots: setting(
    booleanSchema,
    'Add the default trust store to the bundle that ssl_verify names (default false).',
  ),
  server_name: setting(
    hostSchema,
    "The name that is sent as SNI and verified, where it is not the URL's host.",
  ),
  pin_sha256: setting(
    z.union([pinSchema, listSchema(pinSchema)]),
    "SHA-256 of the leaf's public key (SPKI) in base64, one or several; on top of verification.",
  ),
  min_version: setting(
    wordSchema(['TLSv1.2', 'TLSv1.3']),
    'The least TLS version that is spoken (default TLSv1.2).',
  ),
  client_certificate: setting(
    pathSchema,
    'A PEM file: the certificate that is shown to the server, with its intermediates.',
  ),
  client_key: setting(pathSchema, 'A PEM file: the private key of client_certificate.'),
  strict: setting(booleanSchema, 'Also refuse what Python 3.13 refuses (default false).'),
  insecure_until: setting(
    dateTimeSchema,
    'With ssl_verify: false: from then on it is verified. RFC 3339, e.g. 2026-12-31T00:00:00Z.',
  ),
  insecure_reason: setting(
    lineSchema,
    'With ssl_verify: false: why, in one line; the number of a ticket, say.',
  ),
  verify_with: mayBeLeftOut(
    verifyWithSchema,
    'With ssl_verify: false: the trust that chains are judged by meanwhile, and verified by after insecure_until.',
  ),
};

const sslVerify = mayBeLeftOut(
  sslVerifySchema,
  'What to trust: a PEM file, a directory of them or PEM text; true is the default trust store, false does not verify. Absent or null inherits mcp_tls_sidecar.ssl_verify, then default trust.',
);

/** The `tls` key of a server. */
export const serverTlsSchema = mappingSchema({
  ...tls,
  upstream_url: setting(
    urlSchema,
    'The real address, where url is written for LiteLLM as http:// or as our base URL.',
  ),
  rewrite_oauth: setting(
    booleanSchema,
    'On the base-URL route, give OAuth metadata the local URL (default false): tokens are then asked for that.',
  ),
});

/** The `tls` key of a host entry: it has no URL. */
export const hostTlsSchema = mappingSchema(tls);

/** One item of `mcp_servers`; its other keys are LiteLLM's. */
export const serverSchema = z
  .looseObject({
    url: setting(urlSchema, 'https or http; entries with transport: stdio are skipped.'),
    ssl_verify: sslVerify,
    tls: setting(
      serverTlsSchema,
      'More about the TLS connection to this server; read by mcp-tls-sidecar only.',
    ),
  })
  .register(z.globalRegistry, { description: 'An MCP server, as LiteLLM writes it.' });

/** A host entry that is a mapping. */
export const hostSettingsSchema = mappingSchema({ ssl_verify: sslVerify, tls: z.nullish(hostTlsSchema) });

/** The keys of `mcp_tls_sidecar` that hold further keys, `hosts` aside. */
export const nestedSchemas = {
  ca: mappingSchema({
    directory: setting(
      pathSchema,
      'Where ca.pem and ca-bundle.pem are written (default ./mcp-tls-sidecar-ca in the working directory).',
    ),
    state_directory: setting(
      pathSchema,
      "Where the CA's key is kept; default $STATE_DIRECTORY, else $XDG_STATE_HOME/mcp-tls-sidecar, else ~/.local/state/mcp-tls-sidecar, else memory only.",
    ),
    certificate: setting(
      pathSchema,
      'Your own CA in place of a generated one, a chain if need be; then key is needed too.',
    ),
    key: setting(pathSchema, 'The private key of certificate.'),
    permitted_domains: setting(
      listSchema(permittedDomainSchema),
      'X.509 name constraints of the generated CA: names (each with all below it), addresses, CIDR blocks.',
    ),
  }),
  timeouts: mappingSchema({
    dial: setting(
      durationSchema('1ms', '5m'),
      'Name resolution, all addresses and the handshake together (default 8s).',
    ),
    response: setting(durationSchema('0s', '24h'), 'Until the response head (default 0s: none).'),
    drain: setting(durationSchema('0s', '1h'), 'How long a stop waits for open requests (default 25s).'),
  }),
  limits: mappingSchema({
    connections: setting(integerSchema(1, 1_000_000), 'Client connections at a time (default 10000).'),
    header_bytes: setting(integerSchema(1024, 1_048_576), 'Bytes of a request head (default 65536).'),
  }),
  log: mappingSchema({
    level: setting(wordSchema(['debug', 'info', 'warn', 'error']), 'Default info.'),
    requests: setting(wordSchema(['all', 'failures', 'none']), 'Default all.'),
  }),
};

/** Settings that stand alone: no key of them is read differently where others are wrong. */
export const settingsSchema = mappingSchema({
  listen: setting(
    z.union([listenSchema, listSchema(listenSchema)]),
    'Where the proxy listens, one address or a list (default 127.0.0.1:8921).',
  ),
  admin: setting(
    listenSchema,
    'Where metrics, probes and POST /-/reload are served (default 127.0.0.1:9921).',
  ),
  ssl_verify: mayBeLeftOut(sslVerifySchema, 'For every entry that says nothing.'),
  unlisted_hosts: setting(
    wordSchema(['pass', 'deny']),
    'CONNECT to a host without an entry: pass (a blind tunnel, the default) or deny.',
  ),
  unlisted_plaintext: setting(
    wordSchema(['deny', 'pass']),
    'Plain http to a host without an entry: deny (the default) or pass.',
  ),
  hosts: setting(
    z.record(z.string(), z.union([hostSettingsSchema, wordSchema(['tunnel', 'deny'])])),
    'Policy by host, without an MCP server entry: {ssl_verify, tls}, tunnel or deny.',
  ),
  ca: setting(nestedSchemas.ca, 'The local CA, which clients of the CONNECT route believe.'),
  upstream_proxy: setting(
    proxyUrlSchema,
    'The proxy through which everything is dialled, e.g. http://proxy.example.com:3128.',
  ),
  no_proxy: setting(
    listSchema(noProxySchema),
    'What is dialled without the proxy: host, .suffix or CIDR, with an optional port.',
  ),
  timeouts: z.nullish(nestedSchemas.timeouts),
  limits: z.nullish(nestedSchemas.limits),
  log: z.nullish(nestedSchemas.log),
  allow_remote_clients: setting(
    booleanSchema,
    'Needed to listen on anything but loopback (default false); needs unlisted_hosts: deny beside it.',
  ),
  allowed_hosts: setting(
    listSchema(hostSchema),
    'Further Host names accepted by base-URL routes and the admin pages.',
  ),
});

/** The file as one reads it after YAML; other top-level keys are left alone. */
export const fileSchema = z.looseObject({
  mcp_servers: setting(z.record(z.string(), serverSchema), "LiteLLM's mcp_servers."),
  mcp_tls_sidecar: setting(settingsSchema, 'The settings of mcp-tls-sidecar.'),
});

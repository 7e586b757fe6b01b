import { z } from 'zod';

const time = z.iso.datetime().describe('RFC 3339, UTC');

const problem = z.strictObject({
  severity: z.enum(['error', 'warning']),
  file: z.string(),
  line: z.int().describe('from 1; 0: the file as a whole'),
  column: z.int().describe('from 1; 0: the file as a whole'),
  message: z.string(),
  hint: z.string().describe('what to do about it'),
});

const certificate = z.strictObject({
  from: z.enum(['server', 'bundle']).describe('who had it: the anchor is often the bundle’s alone'),
  subject: z.string(),
  issuer: z.string(),
  names: z.array(z.string()).readonly().describe('subject alternative names'),
  not_before: time.nullable().describe('RFC 3339, UTC; null where it cannot be read'),
  not_after: time.nullable().describe('RFC 3339, UTC; null where it cannot be read'),
  days_left: z
    .int()
    .nullable()
    .describe('whole days; negative once it has expired; null where its end cannot be read'),
  fingerprint_sha256: z.string().describe('hex'),
  issuer_url: z.string().nullable().describe('where the issuer’s certificate can be had, by its own word'),
});

const chain = z.strictObject({
  anchored: z.boolean().describe('whether it leads to a certificate of the bundle'),
  certificates: z.array(certificate).readonly().describe('the leaf first'),
});

const policy = z.strictObject({
  words: z.string(),
  verification: z.enum(['on', 'off', 'plain_http', 'tunnel', 'denied', 'unusable']),
  trust: z
    .strictObject({
      source: z.string().describe('where the anchors come from'),
      anchors: z.int(),
      not_after: time.nullable().describe('when the first of them expires'),
    })
    .nullable()
    .describe('of verification off: what the chain is judged by all the same'),
  strict: z.boolean(),
  pinned: z.boolean(),
  client_certificate: z.boolean(),
  server_name: z.string().nullable().describe('the name that is verified where it is not the host'),
  insecure_until: time.nullable(),
  insecure_reason: z.string().nullable(),
});

const failure = z.strictObject({
  at: time,
  reason: z.string().describe('as in docs/failures.md'),
  phase: z.enum(['request', 'policy', 'resolve', 'connect', 'handshake', 'response']),
  sentence: z.string(),
  hint: z.string(),
  is_current: z.boolean().describe('false once something succeeded or the entry changed'),
});

const diagnosis = z.strictObject({
  cause: z.string().describe('as doctor --json has it'),
  fault: z.string().nullable().describe('who has to act; null where nothing is wrong'),
  sentence: z.string(),
  remedy: z
    .array(
      z.strictObject({
        kind: z
          .enum(['yaml', 'message', 'do'])
          .describe('lines for the configuration, a message to send, a step'),
        text: z.string(),
      }),
    )
    .readonly(),
  also: z.array(z.string()).readonly().describe('what would come to light next'),
});

const server = z.strictObject({
  name: z.string().describe('the metric label'),
  kind: z.enum(['server', 'host']),
  address: z.string().describe('scheme, host and port; for hosts the pattern'),
  state: z.enum(['usable', 'stale', 'unusable']),
  health: z
    .enum(['failing', 'warning', 'good', 'unknown'])
    .describe('failing: calls fail, or the entry cannot be used; unknown: nothing was seen of it yet'),
  policy,
  problems: z.array(problem).readonly().describe('with this entry, of the load that made what is in force'),
  last_handshake: z.strictObject({ at: time, resumed: z.boolean() }).nullable(),
  last_failure: failure.nullable(),
  diagnosis: diagnosis
    .nullable()
    .describe('of the failure if it is current, else of the chain that was used last'),
  chain: chain.nullable().describe('what the diagnosis is about'),
  open_streams: z.int().describe('requests whose response is not complete'),
  open_connections: z.int().describe('to the server'),
});

/** What `GET /api/servers` answers. docs/status.schema.json is made of this; a test holds both to what is served. */
export const statusDocument = z.strictObject({
  version: z.string(),
  started_at: time,
  ready: z.boolean(),
  configuration: z.strictObject({
    file: z.string().nullable().describe('its whole path; null: none, the built-in defaults'),
    sha256: z.string().describe('of what is in force'),
    last_success_at: time.nullable().describe('when it was last loaded without an error'),
    last_load: z.strictObject({
      at: time,
      result: z.enum(['success', 'failure']),
      refused: z
        .boolean()
        .describe('true: what was loaded before stays in force; false: errors spoil their entries alone'),
      problems: z.array(problem).readonly(),
    }),
  }),
  local_ca: z.strictObject({
    bundle: z.string().describe('what clients of the CONNECT route have to trust'),
    not_after: time.nullable(),
    problem: z.string().nullable(),
  }),
  servers: z.array(server).readonly().describe('in the order of the configuration'),
  unlisted: z.strictObject({
    policy: z.string(),
    last_failure: failure.nullable(),
    open_streams: z.int(),
    open_connections: z.int(),
  }),
});

export type StatusDocument = z.infer<typeof statusDocument>;
export type ServerStatus = StatusDocument['servers'][number];

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { jsonSchemaText } from '../../../src/config/json-schema.ts';
import { readConfig } from '../../../src/config/read-config.ts';

const root = new URL('../../../', import.meta.url);
const committed = JSON.parse(
  readFileSync(new URL('mcp-tls-sidecar.schema.json', root), 'utf8'),
) as z.core.JSONSchema.JSONSchema;
const exampleFile = new URL('examples/mcp_ssl_config_example.yaml', root);
const example = readFileSync(exampleFile, 'utf8');
const PIN = createHash('sha256').update('').digest('base64');
const schema = z.fromJSONSchema(committed);

function accepts(yaml: string): boolean {
  return schema.safeParse(parse(yaml)).success;
}

test('the committed schema is what npm run schema writes', () => {
  expect(committed).toEqual(JSON.parse(jsonSchemaText()));
});

test('the example names the schema, fits it, and has no error', () => {
  expect(example).toMatch(/^# yaml-language-server: \$schema=\.\.\/mcp-tls-sidecar\.schema\.json\n/);
  expect(accepts(example)).toBe(true);
  const { problems } = readConfig({ file: exampleFile.pathname, bytes: Buffer.from(example), env: {} });
  expect(problems.map(({ severity, message }) => `${severity}: ${message.replace(/: .*/, '')}`)).toEqual([
    'warning: verification is off for server dev until 2099-12-31T00:00:00Z',
  ]);
});

test.each([
  'mcp_servers: { a: { url: "https://a", brand_new: 1, static_headers: { a: b } } }\nmodel_list: []',
  'mcp_servers:',
  'mcp_tls_sidecar: { limits: { connections: os.environ/N }, log: { level: os.environ/L } }',
  'mcp_tls_sidecar: { timeouts: { dial: os.environ/D }, listen: ["127.0.0.1:1"] }',
  'mcp_servers: { a: { url: "https://a", tls: { system_roots: os.environ/R, strict: false, pin_sha256: null } } }',
  `mcp_servers: { a: { url: "https://a", tls: { pin_sha256: ${PIN}, min_version: TLSv1.3, strict: true } } }`,
  `mcp_servers: { a: { url: "https://a", tls: { pin_sha256: [sha256//${PIN}, os.environ/P], min_version: os.environ/V } } }`,
  'mcp_servers: { a: { url: "https://a", tls: { client_certificate: a.pem, client_key: os.environ/K } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_until: 2099-12-31T00:00:00.5+01:00, insecure_reason: b } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_until: os.environ/U, insecure_reason: os.environ/R } } }',
  'mcp_servers: { a: { url: "https://a", tls: { verify_with: true } }, b: { url: "https://b", tls: { verify_with: b.pem } } }',
  'mcp_tls_sidecar: { hosts: { a: { tls: { strict: false, verify_with: os.environ/C, min_version: TLSv1.2 } } } }',
  'mcp_tls_sidecar: { hosts: { a: tunnel, b: deny }, unlisted_hosts: deny, allow_remote_clients: true }',
  'mcp_tls_sidecar: { ca: { directory: a, certificate: b, key: os.environ/K, permitted_domains: [a, 10.0.0.0/8] } }',
  'mcp_tls_sidecar: { upstream_proxy: os.environ/P, no_proxy: [.a, os.environ/N], allow_remote_clients: os.environ/R }',
])('the schema accepts %s', (yaml) => {
  expect(accepts(yaml)).toBe(true);
});

test.each([
  'mcp_servers: { a: { url: "https://a", ssl_verify: "False" } }',
  'mcp_servers: { a: { url: "https://a", ssl_verify: "" } }',
  'mcp_servers: { a: { url: 1 } }',
  'mcp_servers: { a: { url: "https://a", tls: { system-roots: true } } }',
  'mcp_servers: { a: { url: "https://a", tls: { system_roots: "true" } } }',
  'mcp_servers: { a: { url: "https://a", tls: { rewrite_oauth: 1 } } }',
  'mcp_servers: { a: { url: "https://a", tls: { strict: "yes" } } }',
  'mcp_servers: { a: { url: "https://a", tls: { pin_sha256: abc } } }',
  'mcp_servers: { a: { url: "https://a", tls: { pin_sha256: [abc] } } }',
  'mcp_servers: { a: { url: "https://a", tls: { min_version: TLSv1.1 } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_until: 2099-12-31 } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_until: 2099-12-31T00:00:00 } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_until: 2099-12-31T23:59:60Z } } }',
  'mcp_servers: { a: { url: "https://a", tls: { insecure_reason: "" } } }',
  'mcp_servers: { a: { url: "https://a", tls: { verify_with: false } } }',
  'mcp_servers: { a: { url: "https://a", tls: { verify_with: "no" } } }',
  'mcp_tls_sidecar: { hosts: { a: { tls: { upstream_url: "https://a" } } } }',
  'mcp_tls_sidecar: { hosts: { a: { tls: { rewrite_oauth: false } } } }',
  'mcp_tls_sidecar: { lisen: "127.0.0.1:1" }',
  'mcp_tls_sidecar: { timeouts: { dial: 8 } }',
  'mcp_tls_sidecar: { timeouts: { dial: 8d } }',
  'mcp_tls_sidecar: { hosts: { a: pass } }',
  'mcp_tls_sidecar: { unlisted_hosts: tunnel }',
  'mcp_tls_sidecar: { ca: { permitted_domains: example.com } }',
  'mcp_tls_sidecar: { ca: { directry: a } }',
  'mcp_tls_sidecar: { upstream_proxy: [a] }',
  'mcp_tls_sidecar: { no_proxy: a }',
  'mcp_tls_sidecar: { allow_remote_clients: "true" }',
  'mcp_tls_sidecar: { log: { level: loud } }',
])('the schema refuses %s', (yaml) => {
  expect(accepts(yaml)).toBe(false);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { LITELLM_KEYS } from '../../../src/config/known-keys.ts';
import { renderProblem } from '../../../src/config/render-problem.ts';
import { read } from './read.ts';

// Long enough not to stand in our own words by chance; with all that is special in YAML and URLs.
const secret = fc
  .string({
    unit: fc.constantFrom(...Array.from('abcXYZ019-_.:/?#@%&=+,[]{}!*|>"\'` ')),
    minLength: 4,
    maxLength: 30,
  })
  .map((middle) => `S3cr3t${middle}t3rc3S`);
const inUrl = secret.map(encodeURIComponent);
const litellmKey = fc.constantFrom(
  ...[...LITELLM_KEYS, 'aws_secret_access_key'].filter((key) => key !== 'transport'),
);

/** What is shown of a file: each problem, and the excerpt of each line, as for a problem that shows later. */
function shown(yaml: string): string {
  const { config, problems } = read(yaml);
  const lines = yaml.split('\n').map((_, index) => config?.excerptAt({ line: index + 1, column: 3 }) ?? '');
  return [
    ...problems.map(renderProblem),
    ...problems.map((problem) => JSON.stringify(problem)),
    ...lines,
  ].join('\n');
}

function expectHidden(yaml: string): void {
  expect(shown(yaml)).not.toMatch(/S3cr3t|t3rc3S/);
}

/** Faults on every line around, so that each line is quoted by some problem. */
const BROKEN_ENTRY = {
  url: 'ftp://mcp.example.com',
  ssl_verify: 'False',
  tls: { pin_sha256: ['x'] },
  sslVerify: 1,
};

test("a secret in a value of LiteLLM's keys is never shown", () => {
  const value = fc.oneof(
    secret,
    fc.array(secret, { minLength: 1 }),
    fc.dictionary(secret, secret, { minKeys: 1 }),
    fc.tuple(secret, secret).map((lines) => lines.join('\n')),
  );
  fc.assert(
    fc.property(litellmKey, value, fc.boolean(), (key, planted, flow) => {
      const file = { mcp_servers: { a: { ...BROKEN_ENTRY, [key]: planted } }, litellm_settings: planted };
      expectHidden(stringify(file, { collectionStyle: flow ? 'flow' : 'any', lineWidth: 40 }));
    }),
    { numRuns: 500 },
  );
});

test('a secret in the userinfo or the query of a url is never shown', () => {
  const url = fc.oneof(
    inUrl.map((user) => `https://${user}@mcp.example.com/`),
    inUrl.map((password) => `https://user:${password}@mcp.example.com/`),
    inUrl.map((token) => `http://localhost:8921/mcp?token=${token}`),
    inUrl.map((token) => `https://mcp.example.com:99999/mcp?${token}#${token}`),
    secret,
  );
  fc.assert(
    fc.property(url, fc.constantFrom('url', 'upstream_url', 'both'), (planted, place) => {
      const tls = place === 'url' ? {} : { upstream_url: planted };
      const entry = {
        url: place === 'upstream_url' ? 'http://a.example.com' : planted,
        ssl_verify: 'False',
        tls,
      };
      expectHidden(stringify({ mcp_servers: { a: entry }, mcp_tls_sidecar: { upstream_proxy: planted } }));
    }),
    { numRuns: 500 },
  );
});

test('a secret on a line that breaks the file is never shown', () => {
  const lines = stringify({ mcp_servers: { a: { ...BROKEN_ENTRY, auth_type: 'none' } } }).split('\n');
  const broken = fc.tuple(
    fc.constantFrom('', '  ', '    ', '      ', '\t', '    - '),
    fc.constantFrom(
      'authentication_token ',
      'authentication_token: "',
      "auth_value: '",
      '',
      'auth_value: [',
      '? ',
      '&',
      '%',
      '@',
    ),
    secret,
    fc.constantFrom('', ': [', '"', ' :x', '}', ': {a: b', '\t: x: y'),
  );
  fc.assert(
    fc.property(broken, fc.nat(lines.length - 1), (parts, at) => {
      const yaml = lines.toSpliced(at, 0, parts.join('')).join('\n');
      // What still parses may have made a server's name of it, and names are no secret.
      fc.pre(read(yaml).problems.every(({ message }) => !message.startsWith('server ')));
      expectHidden(yaml);
    }),
    { numRuns: 2000 },
  );
});

test('a secret in a variable is never shown', () => {
  fc.assert(
    fc.property(secret, (value) => {
      const entry = { url: 'os.environ/V', ssl_verify: 'os.environ/V', tls: { server_name: 'os.environ/V' } };
      const settings = { listen: 'os.environ/V', log: { level: 'os.environ/V' } };
      const { problems } = read(stringify({ mcp_servers: { a: entry }, mcp_tls_sidecar: settings }), {
        V: value,
      });
      expect(problems.length).toBeGreaterThan(2);
      expect(problems.map(renderProblem).join('\n')).not.toContain(value);
    }),
  );
});

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
function shown(yaml: string, env: NodeJS.ProcessEnv): string {
  const { config, problems } = read(yaml, env);
  const lines = yaml.split('\n').map((_, index) => config?.excerptAt({ line: index + 1, column: 3 }) ?? '');
  return [
    ...problems.map(renderProblem),
    ...problems.map((problem) => JSON.stringify(problem)),
    ...lines,
  ].join('\n');
}

function expectHidden(yaml: string, env: NodeJS.ProcessEnv = {}): void {
  expect(shown(yaml, env)).not.toMatch(/S3cr3t|t3rc3S/);
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

test('a secret in an upstream_proxy is never shown, be it right or wrong', () => {
  const proxy = fc.oneof(
    fc.tuple(inUrl, inUrl).map(([user, password]) => `http://${user}:${password}@proxy.example.com:3128`),
    inUrl.map((password) => `https://:${password}@proxy.example.com/`),
    inUrl.map((user) => `http://${user}@localhost:8921`),
    inUrl.map((user) => `socks5://${user}@proxy.example.com`),
    secret.map((raw) => `http://user:${raw}@proxy.example.com`),
    secret.map((raw) => `user:${raw}@proxy.example.com:3128`),
    secret,
  );
  const place = fc.constantFrom('file', 'environment', 'no_proxy', 'ca', 'list');
  fc.assert(
    fc.property(proxy, place, (planted, where) => {
      const wrong = { listen: 'x', ssl_verify: 'False', ca: { key: 'a' }, no_proxy: ['*'] };
      const settings = {
        file: { ...wrong, upstream_proxy: planted },
        environment: { ...wrong, upstream_proxy: 'os.environ/V', no_proxy: ['os.environ/V'] },
        no_proxy: { ...wrong, no_proxy: [planted] },
        ca: { ...wrong, ca: { upstream_proxy: planted, keys: planted } },
        list: { ...wrong, upstream_proxy: [planted, { url: planted }] },
      }[where];
      // In a list of hosts it takes an @ or a :// to look like a secret.
      fc.pre(where !== 'no_proxy' || /@|:\/\//.test(planted));
      expectHidden(stringify({ mcp_tls_sidecar: settings }), { V: planted });
    }),
    { numRuns: 1000 },
  );
});

test('credentials of an upstream_proxy are read, and shown by no problem that shows later', () => {
  fc.assert(
    fc.property(inUrl, inUrl, fc.boolean(), (user, password, fromEnvironment) => {
      const url = `http://${user}:${password}@proxy.example.com:3128`;
      const written = fromEnvironment ? 'os.environ/V' : url;
      const yaml = stringify({ mcp_tls_sidecar: { upstream_proxy: written } }, { lineWidth: 0 });
      const { config } = read(yaml, { V: url });
      fc.pre(!decodeURIComponent(user).includes(':'));
      const credentials = `${decodeURIComponent(user)}:${decodeURIComponent(password)}`;
      expect(config?.settings.upstreamProxy?.authorization).toBe(
        `Basic ${Buffer.from(credentials).toString('base64')}`,
      );
      expectHidden(yaml, { V: url });
    }),
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

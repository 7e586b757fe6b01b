import { expect, test } from 'vitest';
import { problemAt } from '../../../src/config/problem-at.ts';
import { renderProblem } from '../../../src/config/render-problem.ts';
import { read, readGood } from './read.ts';

const YAML = `# sk-comment
mcp_servers:
  a:
    url: https://a.example.com/?k=sk-query
    description: |
      sk-one
      sk-two
    static_headers: { Authorization: sk-header } # sk-comment
    ssl_verify: &ca ./corp.pem
    tls: { system_roots: true, server_name: a.internal }
    timeout: &sk-anchor 3
  b: { url: "https://b.example.com", ssl_verify: *ca, auth_value: sk-b, tls: { server_name: b.internal } }
mcp_tls_sidecar:
  ssl_verify: "-----BEGIN PRIVATE KEY-----\\nsk-key"
  hosts: { c.example.com: deny }
general_settings: { master_key: sk-master }
`;

function excerptOf(line: number, column: number): string[] {
  return readGood(YAML).excerptAt({ line, column })?.split('\n') ?? [];
}

test.each([
  [1, '  1 | # …'],
  [2, '  2 | mcp_servers:'],
  [4, '  4 |     url: …'],
  [5, '  5 |     description: …'],
  [6, '  6 | …'],
  [7, '  7 | …'],
  [8, '  8 |     static_headers: … # …'],
  [9, '  9 |     ssl_verify: … ./corp.pem'],
  [10, ' 10 |     tls: { system_roots: true, server_name: a.internal }'],
  [11, ' 11 |     timeout: … …'],
  [12, ' 12 |   b: { url: …, ssl_verify: *ca, auth_value: …, tls: { server_name: b.internal } }'],
  [14, ' 14 |   ssl_verify: …'],
  [15, ' 15 |   hosts: { c.example.com: deny }'],
  [16, ' 16 | general_settings: …'],
])('of line %i only our own keys and their values are shown', (line, expected) => {
  expect(excerptOf(line, 1)[0]).toBe(expected);
});

test('no line of the file shows a secret', () => {
  const lines = YAML.split('\n').map((_, index) => excerptOf(index + 1, 1).join('\n'));
  expect(lines.join('\n')).not.toContain('sk-');
});

test.each([
  [9, 21, './corp.pem'],
  [12, 50, '*ca'],
  [12, 93, 'b.internal'],
  [12, 13, '…, ssl_verify'],
  [12, 20, '…, ssl_verify'],
])('the caret for %i:%i points at %s, however much before it is hidden', (line, column, target) => {
  const [shown = '', caret = ''] = excerptOf(line, column);
  expect(shown.slice(caret.indexOf('^')).slice(0, target.length)).toBe(target);
});

test('of a line that does not exist there is no excerpt', () => {
  expect(readGood(YAML).excerptAt({ line: 99, column: 1 })).toBeUndefined();
});

test('a value of ours that is longer than a line is hidden', () => {
  const { problems } = read(`mcp_tls_sidecar:\n  log: { level: ${'x'.repeat(121)} }\n`);
  expect(problems[0]?.excerpt).toContain('log: { level: … }');
});

test('a second line of a value of ours may be a key that lost its colon, and is hidden', () => {
  const { excerptAt } = readGood(`mcp_servers:
  a:
    url: https://a.example.com
    ssl_verify: ./corp.pem
      authentication_token sk-secret
`);
  expect(excerptAt({ line: 4, column: 5 })).toContain('ssl_verify: …');
  expect(excerptAt({ line: 5, column: 7 })).not.toContain('sk-');
});

test('a problem that shows later is rendered like one that was found while reading', () => {
  const config = readGood(YAML);
  const position = config.servers[0]?.trustPosition ?? { line: 0, column: 0 };
  const problem = problemAt(config, {
    severity: 'error',
    position,
    message: 'ssl_verify names a file that is not there',
    hint: 'create it',
    entry: 'a',
  });
  expect(problem).toMatchObject({ file: '/etc/sidecar/config.yaml', line: 9, column: 21, entry: 'a' });
  expect(renderProblem(problem)).toBe(
    `error: /etc/sidecar/config.yaml:9:21: ssl_verify names a file that is not there
  9 |     ssl_verify: … ./corp.pem
    |                   ^
hint: create it`,
  );
});

test('a problem of the whole file has neither line nor excerpt', () => {
  const problem = problemAt(readGood(YAML), {
    severity: 'warning',
    position: undefined,
    message: 'm',
    hint: 'h',
  });
  expect(renderProblem(problem)).toBe('warning: /etc/sidecar/config.yaml: m\nhint: h');
});

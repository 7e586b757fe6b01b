import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { decodeFile } from '../../../src/config/decode.ts';
import { parseFile, parseWhole, type ParsedFile } from '../../../src/config/parse-file.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { inOneGo } from '../../../src/config/steps.ts';

/** One line of YAML each, or what is left open for lines to come; written below one another at any indentation. */
const pieces = [
  'a:',
  'b: 1',
  'a: {url: "https://a.test/"}',
  'url: https://a.test/mcp # why',
  'url: "https://b.test/"',
  "url: 'https://b.test/'",
  'ssl_verify: false',
  'ssl_verify: os.environ/CA',
  'ssl_verify: "os\\u002Eenviron/CA"',
  'ssl_verify: /etc/ca.pem',
  'transport: stdio',
  'tls:',
  'strict: true',
  'insecure_until: 2030-01-01T00:00:00Z',
  'token_url: https://login.test/',
  'url: http://127.0.0.1:8921/a',
  'sslVerify: false',
  'text: |',
  'text: >-',
  'text: |2',
  'text: "open',
  'closed"',
  "text: 'open",
  "it''s closed'",
  'text: plain',
  'goes on',
  'goes on: further',
  'list: [1,',
  'list:',
  '2]',
  ']',
  'map: {x: 1,',
  'y: 2}',
  '}',
  '- item',
  '- key: value',
  '? key',
  ': value',
  '&x anchored: 1',
  'c: &x 1',
  'd: *x',
  '*x : 1',
  '<<: *x',
  '<<: {e: 1}',
  '"<<": 1',
  '!!str tagged: 1',
  'f: !odd 1',
  '1: number',
  'true: boolean',
  '"quoted": 1',
  '"quoted ": 1',
  'a : 2',
  'mcp_servers:',
  'mcp_tls_sidecar:',
  'other: 1',
  '# comment',
  '',
  '\t',
  '---',
  '...',
  '%YAML 1.2',
  'x: "\u2028"',
  'long: a\tb',
];

const line = fc.tuple(fc.constantFrom(0, 0, 2, 2, 2, 4, 4, 4, 1, 3, 6), fc.constantFrom(...pieces));
const wild = fc
  .tuple(fc.array(line, { maxLength: 24 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
  .map(([lines, lineBreak, ends]) => {
    const text = lines.map(([indent, piece]) => ' '.repeat(indent) + piece).join(lineBreak);
    return ends ? text + lineBreak : text;
  });

/** What a server is made of that is sound by itself; some of it means something else beside other servers. */
const sound = [
  'url: https://a.test/mcp # why',
  'url: "https://b.test:8443/"',
  "url: 'https://a.test/other'",
  'url: http://127.0.0.1:8921/a',
  'url: &x https://c.test/',
  'url: os.environ/URL',
  'url: "os\\u002Eenviron/URL"',
];
const soundMore = [
  'ssl_verify: /etc/ca.pem',
  'ssl_verify: os.environ/CA',
  'ssl_verify: false',
  'ssl_verify: false\n    tls: {insecure_until: 2029-01-05T00:00:00Z}',
  'tls: {strict: true}',
  'tls:\n      client_certificate: /etc/a.pem\n      client_key: /etc/a.key',
  'description: |\n      many\n\n       lines\n  # comment\n',
  'description: "two\n      lines"',
  'description: goes\n      on: never',
  'description: *x',
  'token_url: https://login.test/',
  'allowed_tools: [a,\n      b]',
  'allowed_tools:\n    - a\n    - b',
  'sslVerify: false',
  'transport: stdio',
];

/** Mostly what is sound, seldom what need not be. */
const mostly = <Usual, Odd>(usual: readonly Usual[], odd: readonly Odd[]) =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...usual), weight: 40 },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  );
const server = fc
  .tuple(
    mostly(sound.slice(0, 4).concat(sound.slice(5)), sound),
    fc.array(
      mostly(
        soundMore.filter((text) => !text.includes('*')),
        soundMore,
      ),
      { maxLength: 2 },
    ),
    mostly([null], pieces),
  )
  .map(([url, more, odd]) =>
    [url, ...new Set(more), ...(odd === null ? [] : [odd])].map((text) => `    ${text}`).join('\n'),
  );
const named = fc
  .tuple(mostly(['s', 't'], ['u']), fc.array(server, { minLength: 1, maxLength: 6 }))
  .map(([prefix, servers]) =>
    servers.map((text, index) => `  ${prefix === 'u' ? '"u 1"' : `${prefix}${index}`}:\n${text}`).join('\n'),
  );
const file = fc
  .tuple(
    mostly(
      [
        '',
        '# top\n',
        'mcp_tls_sidecar:\n  ssl_verify: false\n',
        'mcp_tls_sidecar:\n  ssl_verify: /etc/all.pem\n',
        'mcp_tls_sidecar:\n  log: {}\n  ssl_verify: /etc/all.pem\n',
      ],
      ['---\n', 'other: &x 1\n'],
    ),
    fc.constantFrom('mcp_servers:\n', 'mcp_servers: # ours\n', 'mcp_servers:\n\n  # first\n'),
    named,
    mostly(
      ['', '\n', '\nother: 1\n', '\nmcp_tls_sidecar:\n  hosts:\n    "*.a.test": deny\n'],
      ['\nother: *x\n', '\n...\n', '\n- item\n'],
    ),
  )
  .map((parts) => parts.join(''));

/** What would mean something else in parts: none of these may be read so. */
const differing = {
  'a name that stands twice': 'mcp_servers:\n  a:\n    url: 1\n  a:\n    url: 2\n',
  'an alias of another server': 'mcp_servers:\n  a:\n    url: &x 1\n  b:\n    url: *x\n',
  'an alias of what stands before': 'o: &x 1\nmcp_servers:\n  b:\n    url: *x\n',
  'an anchor that takes the place of one before':
    'o: &x 1\nmcp_servers:\n  a:\n    url: &x 2\nmcp_tls_sidecar:\n  ssl_verify: *x\n',
  'an anchor on a server': 'mcp_servers:\n  a: &x\n    url: 1\n  b:\n    url: 1\n',
  'a key of many lines': 'mcp_servers:\n  a: 1\n  ? b\n  : c\n',
  'a value without its key': 'mcp_servers:\n  a: 1\n  ? b\n  c: 1\n',
  'a bracket that closes below the name': 'mcp_servers:\n  a: [1,\n  ]\n  b: 1\n',
  'a list in the place of servers': 'mcp_servers:\n  - a: 1\n  - b: 1\n',
  'a list beside the servers': 'mcp_servers:\n  a: 1\n- b\n',
  'a list that begins before the servers': 'mcp_servers:\n- b\n  a: 1\n',
  'a merge key among the servers': 'o: &x {b: 1}\nmcp_servers:\n  a: 1\n  <<: *x\n',
  'a quote that ends in another server': 'mcp_servers:\n  a: "1\n  b: 2"\n',
  'a second mcp_servers': 'mcp_servers:\n  a: 1\nmcp_servers:\n  b: 1\n',
  'a text that only looks like servers': 'o: "x\nmcp_servers:\n  a: 1\n"\n',
  'a text as the whole file': '"x\nmcp_servers:\n  a: 1\n"\n',
  'another document': 'mcp_servers:\n  a: 1\n---\nmcp_servers:\n  b: 1\n',
  'an entry less indented than the first': 'mcp_servers:\n   a: 1\n  b: 1\n',
  'a directive': '%YAML 1.2\n---\nmcp_servers:\n  a: 1\n',
} as const;

const runs = { numRuns: 1_500 };

/** What the whole of a parsed file says: each excerpt of it too. */
function told({ root, faults, excerptAt }: ParsedFile, text: string): unknown {
  const lines = text
    .split('\n')
    .map(({ length }, index) =>
      Array.from({ length: length + 2 }, (_, column) => excerptAt({ line: index + 1, column: column + 1 })),
    );
  return { root, faults, lines };
}

/** A configuration as plain data. */
function plain({ config, problems }: ReturnType<typeof readConfig>): unknown {
  const { servers, hosts, settings, sha256 } = (config ?? {}) as Partial<Config>;
  return { servers, hosts, settings, sha256, problems, refused: config === undefined };
}

const [early, late] = ['2029-01-01T00:00:00Z', '2029-12-30T00:00:00Z'].map((text) => Date.parse(text));

const read = (
  text: string,
  more: { previous?: Config | undefined; env?: string; now?: number | undefined } = {},
) =>
  readConfig({
    file: '/etc/c.yaml',
    bytes: Buffer.from(text),
    env: {
      CA: more.env ?? '/etc/env.pem',
      URL: `https://${more.env === undefined ? 'now' : 'before'}.test/`,
    },
    workingDirectory: '/',
    now: more.now ?? late ?? 0,
    previous: more.previous,
  });

function expectSame(text: string): boolean {
  const inParts = inOneGo(parseFile(Buffer.from(text), []));
  expect(told(inParts, text)).toEqual(told(parseWhole(text), text));
  return inParts.parts.length > 0;
}

describe('a file that is read server by server means what it means as a whole', { timeout: 60_000 }, () => {
  it('any text', () => {
    fc.assert(
      fc.property(wild, (text) => void expectSame(text)),
      runs,
    );
  });

  it('servers that are mostly sound, many of which are read so', () => {
    let inParts = 0;
    fc.assert(
      fc.property(file, (text) => void (inParts += expectSame(text) ? 1 : 0)),
      runs,
    );
    expect(inParts).toBeGreaterThan(runs.numRuns / 3);
  });

  it.each(Object.entries(differing))('%s', (_, text) => {
    expect(expectSame(text)).toBe(false);
  });

  it('every configuration of the tests', () => {
    const folder = path.resolve(import.meta.dirname, '../../config-cases');
    let inParts = 0;
    for (const name of globSync('*.yaml', { cwd: folder })) {
      const { text, fault } = decodeFile(readFileSync(path.join(folder, name)));
      if (fault === undefined) inParts += expectSame(text) ? 1 : 0;
    }
    expect(inParts).toBeGreaterThan(20);
  });

  it('what is taken over from the file before is what would be read anew', () => {
    fc.assert(
      fc.property(file, file, fc.boolean(), (before, text, moves) => {
        const first = read(before, { env: '/etc/before.pem', now: early });
        const previous = first.legible;
        // The same servers at other lines and among others.
        const next = moves
          ? text.replace(/^mcp_servers:.*\n/m, `$&${before.match(/^ {2}s\d[^]*/m)?.[0] ?? ''}\n`)
          : text;
        expect(plain(read(next, { previous }))).toEqual(plain(read(next)));
        expect(plain(read(before, { previous }))).toEqual(plain(read(before)));
      }),
      runs,
    );
  });
});

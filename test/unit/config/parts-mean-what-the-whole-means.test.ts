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

/** Servers that are sound more often than not. */
const server = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.array(fc.constantFrom(...pieces), { maxLength: 4 }))
  .map(([number, lines]) => [`  s${number}:`, ...lines.map((piece) => `    ${piece}`)].join('\n'));
const file = fc
  .tuple(
    fc.constantFrom(
      '',
      '# top\n',
      '---\n',
      'other: &x 1\n',
      'mcp_tls_sidecar:\n  ssl_verify: false\n',
      'mcp_tls_sidecar:\n  ssl_verify: /etc/all.pem\n',
      'mcp_tls_sidecar:\n  log: {}\n  ssl_verify: /etc/all.pem\n',
    ),
    fc.constantFrom('mcp_servers:\n', 'mcp_servers: # ours\n', 'mcp_servers:\n\n  # first\n'),
    fc.array(server, { maxLength: 8 }),
    fc.constantFrom(
      '',
      '\n',
      '\nother: *x\n',
      '\nmcp_tls_sidecar:\n  hosts:\n    "*.a.test": deny\n',
      '\n...\n',
      '\n- item\n',
    ),
  )
  .map(([before, head, servers, after]) => before + head + servers.join('\n') + after);

const runs = { numRuns: 4_000 };

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
    env: { CA: more.env ?? '/etc/env.pem' },
    workingDirectory: '/',
    now: more.now ?? late ?? 0,
    previous: more.previous,
  });

function expectSame(text: string): boolean {
  const inParts = inOneGo(parseFile(Buffer.from(text), []));
  expect(told(inParts, text)).toEqual(told(parseWhole(text), text));
  return inParts.parts.length > 0;
}

describe('a file that is read server by server means what it means as a whole', () => {
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
    expect(inParts).toBeGreaterThan(runs.numRuns / 50);
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

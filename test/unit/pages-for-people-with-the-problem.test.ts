import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { failureReasons, failureTable } from '../../src/failure.ts';

const top = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(top, file), 'utf8');
const troubleshooting = read('docs/troubleshooting.md');
const migrating = read('docs/migrating.md');

describe('docs/troubleshooting.md', () => {
  it('has a row for every reason, with the sentence that clients are shown, and for no other', () => {
    const rows = [...troubleshooting.matchAll(/^\| `(\w+)` \| (.+?) \| (.+) \|$/gm)];
    expect(rows.map(([, reason, sentence]) => ({ reason, sentence }))).toEqual(
      failureReasons.map((reason) => ({ reason, sentence: failureTable[reason].sentence })),
    );
  });
});

describe('docs/migrating.md', () => {
  const chapters = migrating.split(/^## /m).slice(1);
  const workarounds = [
    'HTTPX_CA_BUNDLE',
    'REQUESTS_CA_BUNDLE',
    'CURL_CA_BUNDLE',
    'SSL_CERT_FILE',
    'certifi',
    'NODE_EXTRA_CA_CERTS',
    'NODE_TLS_REJECT_UNAUTHORIZED=0',
    'SSL_VERIFY=False',
    'litellm_settings.ssl_verify',
    'verify=False',
  ];

  it.each(workarounds)('says of %s what to remove and what to add', (workaround) => {
    const chapter = chapters.find((text) => text.split('\n')[0]?.includes(workaround)) ?? '';
    expect(chapter).toMatch(/^Remove\b/m);
    expect(chapter).toMatch(/^Add\b/m);
  });
});

describe('SECURITY.md', () => {
  const security = read('SECURITY.md');

  it('has a test for every promise', () => {
    const promises =
      security
        .split('## What is promised')[1]
        ?.split('\n## ')[0]
        ?.match(/^- .*$/gm) ?? [];
    expect(promises.length).toBeGreaterThan(8);
    const without = promises.filter((promise) => {
      const tests = [...promise.matchAll(/\]\((test\/[^)]+)\)/g)].map(([, file = '']) => file);
      return tests.length === 0 || !tests.every((file) => existsSync(path.join(top, file)));
    });
    expect(without).toEqual([]);
  });

  it('names no address or person: reports go by the repository itself', () => {
    expect(security).toContain('Report a vulnerability');
    expect(security).not.toMatch(/\S+@\S+|https?:\/\//);
  });
});

const now = Date.parse('2026-12-01T00:00:00Z');
const examples = ['docs/troubleshooting.md', 'docs/migrating.md', 'docs/configuration.md'].flatMap((file) =>
  [...read(file).matchAll(/^```yaml\n(mcp_[^]*?)^```$/gm)].map(([, text = ''], index) => ({
    name: `${file}, ${index + 1}`,
    text,
  })),
);

describe('what is to be added', () => {
  it('is found', () => {
    expect(examples.length).toBeGreaterThan(6);
  });

  it.each(examples)('is a configuration without an error: $name', ({ text }) => {
    const { problems } = readConfig({ file: 'config.yaml', bytes: Buffer.from(text), env: {}, now });
    const isLoud = text.includes('ssl_verify: false');
    expect(problems.filter(({ severity }) => severity === 'error' || !isLoud)).toEqual([]);
  });
});

describe('links into pages', () => {
  const pages = ['README.md', 'SECURITY.md', ...globSync('docs/*.md', { cwd: top })];
  /** As GitHub makes it. */
  const anchorOf = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  const anchors = new Map(
    pages.map((file) => [
      file,
      new Set([...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))),
    ]),
  );

  it.each(pages)('of %s lead to headings that are there', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)];
    const dead = links.filter(([, target = '', anchor = '']) => {
      const page = target === '' ? file : path.join(path.dirname(file), target);
      return anchors.get(page)?.has(anchor) === false;
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

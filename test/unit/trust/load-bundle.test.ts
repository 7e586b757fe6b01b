import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { bypassedConstraints } from '../../../src/trust/bundle.ts';
import { digestPath, FileReader, loadBundle, parseInlineBundle } from '../../../src/trust/load-bundle.ts';
import { FileFault } from '../../../src/trust/read-file.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

const root = createCa({ name: 'root' });
const other = createCa({ name: 'other' });
let directory = '';
beforeEach(() => {
  directory = temporaryDirectory();
});

function write(name: string, content: string | Buffer): string {
  const file = path.join(directory, name);
  writeFileSync(file, content);
  return file;
}

async function load(file: string): Promise<string | string[]> {
  const result = await loadBundle(file, new FileReader());
  return result instanceof FileFault ? result.message : result.certificates.map((one) => one.subject);
}

describe('a PEM file', () => {
  it('gives every certificate in it, text around it, CRLF and duplicates aside', async () => {
    const text = `# corporate\r\n${root.pem.replaceAll('\n', '\r\n')}\nsubject=x\n${other.pem}${root.pem}`;
    expect(await load(write('ca.pem', text))).toEqual(['CN=root', 'CN=other']);
  });

  it('takes the old label of certificates', async () => {
    expect(await load(write('ca.pem', root.pem.replaceAll('CERTIFICATE', 'X509 CERTIFICATE')))).toEqual([
      'CN=root',
    ]);
  });

  it.each([
    ['empty', '', 'is empty'],
    ['text', 'hello', 'holds no certificate'],
    ['a key alone', root.key, 'holds a private key and no certificate'],
    ['DER', root.certificateDer, 'is not PEM (it looks like DER)'],
    ['cut short', root.pem.slice(0, 200), 'holds a certificate without its END line'],
    [
      'cut in its second certificate',
      root.pem + other.pem.slice(0, 200),
      'holds a certificate without its END line',
    ],
    [
      'damaged',
      root.pem.replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      'holds a block at line 1 that is no certificate',
    ],
    [
      'with a trusted certificate',
      root.pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
      'holds a TRUSTED CERTIFICATE, whose trust settings would be lost',
    ],
  ])('that is %s is refused', async (_, content, message) => {
    expect(await load(write('ca.pem', content))).toBe(message);
  });

  it('that is missing, no regular file or too large is refused', async () => {
    expect(await load(path.join(directory, 'none.pem'))).toBe('does not exist');
    const fifo = path.join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(await load(fifo)).toBe('is not a regular file');
    expect(await load('/dev/null')).toBe('is not a regular file');
    const large = write('large.pem', '');
    truncateSync(large, 16 * 1024 * 1024 + 1);
    expect(await load(large)).toBe('is larger than 16 MiB');
    const loop = path.join(directory, 'loop');
    symlinkSync('loop', loop);
    expect(await load(loop)).toBe('is a symbolic link to itself');
  });
});

describe('a directory', () => {
  it('counts its visible files by ending, links followed, each once, without its folders', async () => {
    write('a.pem', root.pem);
    write('b.crt', other.pem);
    write('.hidden.pem', createCa().pem);
    write('readme.txt', createCa().pem);
    write('key.pem', root.key);
    mkdirSync(path.join(directory, 'sub.pem'));
    symlinkSync('a.pem', path.join(directory, '5ed36f99.0'));
    symlinkSync('nowhere', path.join(directory, 'dangling.pem'));
    expect(await load(directory)).toEqual(['CN=root', 'CN=other']);
  });

  it('without any certificate, or with a damaged one, is refused', async () => {
    expect(await load(directory)).toBe('is a directory without any certificate');
    const file = write('bad.pem', root.pem.slice(0, 100));
    expect(await load(directory)).toBe(`holds ${file}, which holds a certificate without its END line`);
  });
});

describe('the digest of a path', () => {
  it('is that of the reading while nothing changes, and another when a file or a listing does', async () => {
    const file = write('a.pem', root.pem);
    const files = new FileReader();
    await loadBundle(directory, files);
    const seen = await files.seen();
    expect([...seen.keys()].sort()).toEqual([directory, file].sort());
    for (const [name, digest] of seen) expect(await digestPath(name)).toBe(digest);
    writeFileSync(file, other.pem);
    expect(await digestPath(file)).not.toBe(seen.get(file));
    expect(await digestPath(directory)).toBe(seen.get(directory));
    write('b.pem', other.pem);
    expect(await digestPath(directory)).not.toBe(seen.get(directory));
  });
});

describe('a reload', () => {
  it('parses only the files that changed', async () => {
    write('a.pem', root.pem);
    const changing = write('b.pem', other.pem);
    const first = new FileReader();
    await loadBundle(directory, first);
    writeFileSync(changing, createCa().pem);
    const second = new FileReader(first.parsed);
    await loadBundle(directory, second);
    const [unchanged, changed] = [...second.parsed];
    expect(unchanged?.[1]).toBe(first.parsed.get(unchanged?.[0] ?? ''));
    expect(first.parsed.has(changed?.[0] ?? '')).toBe(false);
  });
});

describe('a bundle', () => {
  it('is the same for the same certificates, whatever their order', () => {
    const one = parseInlineBundle(root.pem + other.pem);
    const two = parseInlineBundle(other.pem + root.pem + other.pem);
    if (one instanceof FileFault || two instanceof FileFault) throw new Error('not parsed');
    expect(one.sha256).toBe(two.sha256);
    expect(one.notAfterMs).toBe(
      Math.floor(Math.min(root.notAfter.getTime(), other.notAfter.getTime()) / 1000) * 1000,
    );
  });

  it('names the intermediates by which the constraints of their root are moot', () => {
    const constrained = createCa({ name: 'constrained', permittedNames: ['corp.test'] });
    const intermediate = constrained.intermediate({ name: 'below' });
    const both = parseInlineBundle(constrained.pem + intermediate.pem + root.pem + root.intermediate().pem);
    if (both instanceof FileFault) throw new Error(both.message);
    expect(bypassedConstraints(both)).toEqual(['CN=below']);
  });
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { loadDefaultTrust } from '../../../src/trust/default-trust.ts';
import { FileReader } from '../../../src/trust/load-bundle.ts';
import { FileFault } from '../../../src/trust/read-file.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

async function load(env: NodeJS.ProcessEnv) {
  const result = await loadDefaultTrust({ env, files: new FileReader() });
  if (result instanceof FileFault) return result.message;
  return { source: result.source, subjects: result.certificates.map((one) => one.subject) };
}

describe('default trust', () => {
  it('is the store of the system where no variable is set', async () => {
    const trust = await load({});
    if (typeof trust === 'string') throw new Error(trust);
    expect(trust.subjects.length).toBeGreaterThan(50);
  });

  it('is SSL_CERT_FILE and SSL_CERT_DIR alone where they are set', async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'one.pem');
    writeFileSync(file, createCa({ name: 'one' }).pem);
    expect(await load({ SSL_CERT_FILE: file })).toEqual({
      source: `SSL_CERT_FILE ${file}`,
      subjects: ['CN=one'],
    });

    const more = temporaryDirectory();
    writeFileSync(path.join(more, 'two.pem'), createCa({ name: 'two' }).pem);
    expect(await load({ SSL_CERT_DIR: more })).toMatchObject({ subjects: ['CN=two'] });
    expect(await load({ SSL_CERT_FILE: file, SSL_CERT_DIR: `${more}:${directory}` })).toMatchObject({
      subjects: ['CN=one', 'CN=two'],
    });
  });

  it('falls back on nothing where a variable is set and unusable', async () => {
    expect(await load({ SSL_CERT_FILE: '/nowhere/ca.pem' })).toBe(
      'SSL_CERT_FILE /nowhere/ca.pem does not exist',
    );
    expect(await load({ SSL_CERT_DIR: ':' })).toBe('SSL_CERT_DIR names no directory');
    const empty = temporaryDirectory();
    expect(await load({ SSL_CERT_DIR: empty })).toBe(
      `SSL_CERT_DIR ${empty} is a directory without any certificate`,
    );
  });
});

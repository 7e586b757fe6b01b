import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeCatalogue } from '../../../certs-fixtures/write-catalogue.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

describe('npm run certs', () => {
  let directory: string;
  beforeAll(() => {
    directory = temporaryDirectory();
    writeCatalogue(directory);
  });

  const read = (...path: string[]) => readFileSync(join(directory, ...path), 'utf8');

  it('writes a folder for each situation, and nothing else but a README', () => {
    const ids = catalogue.map(({ id }) => id);
    expect(readdirSync(directory).sort()).toEqual([...ids, 'README.md'].sort());
    expect(ids.filter((id) => !existsSync(join(directory, id, 'bundle.pem')))).toEqual([]);
  });

  it('writes keys that fit their certificates, for the owner to read alone', () => {
    const served = catalogue.filter(({ id }) => existsSync(join(directory, id, 'server.key')));
    expect(served.length).toBeGreaterThan(100);
    for (const { id } of served) {
      const certificate = new X509Certificate(read(id, 'server.pem'));
      expect({ id, fits: certificate.checkPrivateKey(createPrivateKey(read(id, 'server.key'))) }).toEqual({
        id,
        fits: true,
      });
      expect(statSync(join(directory, id, 'server.key')).mode & 0o077).toBe(0);
    }
  });

  it('says never to trust them, and what each is', () => {
    const text = read('README.md');
    expect(text).toContain('**Never trust any of these.**');
    expect(catalogue.filter(({ id, title }) => !text.includes(`- \`${id}\`: ${title};`))).toEqual([]);
  });

  it('writes where git does not look', () => {
    const ignored = readFileSync(join(import.meta.dirname, '../../../.gitignore'), 'utf8');
    expect(ignored.split('\n')).toContain('/certs/');
  });
});

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { loadConfig } from '../../../src/snapshot/load-config.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** What is said of a configuration whose one server trusts these certificates. */
async function problemsWith(pem: string, trust = 'ssl_verify: ca.pem') {
  const directory = temporaryDirectory();
  const file = path.join(directory, 'config.yaml');
  writeFileSync(path.join(directory, 'ca.pem'), pem);
  writeFileSync(file, `mcp_servers:\n  s: { url: "https://mcp.test/mcp", ${trust} }\n`);
  const { problems } = await loadConfig({ file, env: { HOME: directory } });
  return problems.map(({ severity, message, line }) => `${severity} ${line}: ${message}`);
}

const expired = createCa({ notAfter: new Date(Date.now() - 86_400_000) });

describe('a bundle that can be used but is odd earns a warning', () => {
  it('where every certificate in it has expired, not where a few have', async () => {
    expect(await problemsWith(expired.pem)).toEqual([
      'warning 2: ssl_verify of s: every certificate in it has expired',
    ]);
    expect(await problemsWith(expired.pem + createCa().pem)).toEqual([]);
  });

  it('where an intermediate makes the name constraints of its root moot', async () => {
    const root = createCa({ permittedNames: ['corp.test'] });
    expect(await problemsWith(root.pem)).toEqual([]);
    expect(await problemsWith(root.pem + root.intermediate().pem)).toEqual([
      'warning 2: ssl_verify of s: intermediate certificates in it (1) make the name constraints of their root moot',
    ]);
  });

  it('where it is that of verify_with, too', async () => {
    const said = await problemsWith(expired.pem, 'ssl_verify: false, tls: { verify_with: ca.pem }');
    expect(said).toContain('warning 2: tls.verify_with of s: every certificate in it has expired');
  });
});

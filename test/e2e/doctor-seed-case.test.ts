import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { runCommand } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream, type Upstream } from '../harness/tls-upstream.ts';

/** A leaf without AKI under a private CA, the case that this project began with. */
async function startSeedCase(): Promise<{ upstream: Upstream; caFile: string; config: string }> {
  const folder = temporaryDirectory();
  const ca = createCa({ name: 'Corp Root CA' });
  const upstream = await startUpstream({ leaf: ca.issue('localhost', { authorityKeyIdentifier: false }) });
  const [caFile, config] = [join(folder, 'ca.pem'), join(folder, 'config.yaml')];
  writeFileSync(caFile, ca.pem);
  writeFileSync(
    config,
    `mcp_servers:\n  mine:\n    url: https://localhost:${upstream.port}/mcp\n    ssl_verify: ${caFile}\n`,
  );
  return { upstream, caFile, config };
}

/** Lines as one text, so that it does not matter where they were broken. */
const flat = (text: string) => text.replaceAll(/\s+/g, ' ');

test('with the CA: Python 3.13 refuses it, naming the CA does not cure that, the sidecar accepts it by two lines', async () => {
  const { upstream, caFile, config } = await startSeedCase();
  const { code, stdout, stderr } = await runCommand(['doctor', '--config', config]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const text = flat(stdout);
  expect(text).toContain('Python 3.13 refuses this chain ("Missing Authority Key Identifier")');
  expect(text).toContain('the certificate of the server has no Authority Key Identifier');
  expect(text).toContain('naming the CA to the client does not cure that, and the sidecar accepts it.');
  expect(stdout).toContain(
    `          url: https://localhost:${upstream.port}/mcp\n          ssl_verify: ${caFile}\n`,
  );
  expect(text).toContain('Python 3.13 refuses: Missing Authority Key Identifier');
  expect(text).toContain('curl accepts Node accepts this sidecar accepts');
  expect(stdout).toMatch(/^ {2}warn {2}strict clients /m);
  expect(stdout).toMatch(/^1 target: 0 good, 1 with warnings, 0 failed$/m);
});

test('without any configuration: the CA is missing first, and the Authority Key Identifier then', async () => {
  const { upstream } = await startSeedCase();
  const { code, stdout } = await runCommand(['doctor', `localhost:${upstream.port}`]);
  const text = flat(stdout);
  expect(text).toContain('private_ca_not_in_bundle (to be mended in the configuration)');
  expect(text).toContain('no entry lists it (it passes as a blind tunnel): verified by the default trust');
  expect(text).toContain('And: even then Python 3.13 refuses it ("Missing Authority Key Identifier")');
  expect(text).toContain(
    `url: https://localhost:${upstream.port}/ ssl_verify: /etc/ssl/certs/corporate-ca.pem`,
  );
  expect(code).toBe(1);
});

test('lines are at most 80 columns long, and without colour in a pipe', async () => {
  const { config } = await startSeedCase();
  const { stdout } = await runCommand(['doctor', '--config', config, 'mine', '127.0.0.1:1']);
  const paths = /\/\S{40,}/;
  expect(stdout.split('\n').filter((line) => line.length > 80 && !paths.test(line))).toEqual([]);
  // eslint-disable-next-line no-control-regex -- what must not be there
  expect(stdout).not.toMatch(/\u001b/);
});

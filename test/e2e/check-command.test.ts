import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { runCommand } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const exampleFiles = globSync('**/*.{yaml,yml}', { cwd: examples });

test('there are examples', () => {
  expect(exampleFiles).toContain('mcp_ssl_config_example.yaml');
});

test.each(exampleFiles)('the example %s has no error', async (name) => {
  const folder = temporaryDirectory();
  const [file, ca] = [join(folder, 'config.yaml'), join(folder, 'corp-ca.pem')];
  writeFileSync(ca, createCa().pem);
  // Where an example names the user's CA, it has to be there.
  writeFileSync(file, readFileSync(join(examples, name), 'utf8').replaceAll('/etc/ssl/corp-ca.pem', ca));
  const { code, stdout, stderr } = await runCommand(['check', '--config', file]);
  expect(stdout).not.toContain('error: ');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

function folderWith(yaml: string): { folder: string; file: string } {
  const folder = temporaryDirectory();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, yaml);
  return { folder, file };
}

const server = 'mcp_servers:\n  a:\n    url: https://a.example.com/mcp\n';

test('a good configuration is exit code 0, and says what it holds', async () => {
  const { file } = folderWith(server);
  expect(await runCommand(['check', '--config', file])).toEqual({
    code: 0,
    stdout: `${file}: 1 server, 0 host entries, 0 errors, 0 warnings\n`,
    stderr: '',
  });
});

test('warnings alone are exit code 0', async () => {
  const { file } = folderWith(`${server}    ssl_verify: false\n`);
  const { code, stdout } = await runCommand(['check', '--config', file]);
  expect(stdout).toContain('warning: ');
  expect(stdout).toContain(', 0 errors, 1 warning\n');
  expect(code).toBe(0);
});

test('an error of a single entry is exit code 1, though serve would start', async () => {
  const { file } = folderWith(`${server}    ssl_verify: ./missing.pem\n`);
  const { code, stdout } = await runCommand(['check', '--config', file]);
  expect(stdout).toMatch(/^error: \S+config\.yaml:4:17: ssl_verify of a: \S+missing\.pem does not exist\n/);
  expect(stdout).toContain('\n  4 |     ssl_verify: ./missing.pem\n    |                 ^\nhint: ');
  expect(code).toBe(1);
});

test('every file that is named is read: each fault of each is a problem of its own', async () => {
  const { folder, file } = folderWith('');
  const ca = createCa();
  const files = {
    'good.pem': ca.pem,
    'empty.pem': '',
    'key.pem': ca.key,
    'half.pem': ca.pem.slice(0, ca.pem.length / 2),
    'text.pem': 'this is no PEM\n',
    'expired.pem': createCa({ notBefore: new Date(0), notAfter: new Date(86_400_000) }).pem,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'nothing'));
  const named = [...Object.keys(files), 'nothing', 'missing.pem'];
  const servers = named.map((name, index) => [
    `s${index}`,
    { url: `https://s${index}.example.com/`, ssl_verify: `./${name}` },
  ]);
  writeFileSync(file, JSON.stringify({ mcp_servers: Object.fromEntries(servers) as object }, undefined, 1));
  const before = readdirSync(folder).sort();

  const { code, stdout } = await runCommand(['check', '--json', '--config', file], { cwd: folder });
  expect(code).toBe(1);
  const { problems } = JSON.parse(stdout) as {
    problems: { severity: string; message: string; line: number }[];
  };
  const of = (name: string) =>
    problems.filter(({ message }) => message.includes(` s${named.indexOf(name)}: `));
  expect(of('good.pem')).toEqual([]);
  expect(of('expired.pem')).toMatchObject([{ severity: 'warning' }]);
  for (const name of named.filter((one) => !['good.pem', 'expired.pem'].includes(one)))
    expect(of(name), name).toMatchObject([{ severity: 'error', line: 3 + 4 * named.indexOf(name) + 2 }]);
  // `check` writes nothing.
  expect(readdirSync(folder).sort()).toEqual(before);
});

test('a configuration that is not there is exit code 1', async () => {
  const { code, stdout } = await runCommand(['check', '--config', '/nonexistent/config.yaml']);
  expect(stdout).toMatch(/^error: \/nonexistent\/config\.yaml: the configuration does not exist\nhint: /);
  expect(code).toBe(1);
});

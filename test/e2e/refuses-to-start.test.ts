import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listen } from '../harness/listen.ts';
import { runCommand } from '../harness/run-command.ts';
import { startSidecar } from '../harness/sidecar-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

/** One clear line on stderr, nothing on stdout, exit code 1. */
async function expectRefusal(args: readonly string[], line: string, env = {}): Promise<void> {
  const { code, stdout, stderr } = await runCommand(args, { env });
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: '', stderr: `error: ${line}\n` });
}

function configFile(text: string): string {
  const file = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(file, text);
  return file;
}

test('a configuration that was named and is not there is an error', async () => {
  const file = join(temporaryDirectory(), 'no.yaml');
  await expectRefusal(['--config', file, ...ports], `${file}: the configuration does not exist`);
  await expectRefusal(ports, `${file}: the configuration does not exist`, { MCP_TLS_SIDECAR_CONFIG: file });
});

test('a configuration that cannot be read is an error', async () => {
  const folder = temporaryDirectory();
  const directory = join(folder, 'directory.yaml');
  mkdirSync(directory);
  await expectRefusal(
    ['--config', directory, ...ports],
    `${directory}: the configuration is not a regular file`,
  );
  const loop = join(folder, 'loop.yaml');
  symlinkSync('loop.yaml', loop);
  await expectRefusal(
    ['--config', loop, ...ports],
    `${loop}: the configuration is a symbolic link to itself`,
  );
});

test('a configuration of more than 4 MiB is an error', async () => {
  const file = configFile(`# ${'x'.repeat(4 * 1024 * 1024)}\n{}\n`);
  const { code, stderr } = await runCommand(['--config', file, ...ports]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: \S+config\.yaml: .*4 MiB.*\n$/);
});

test.each(['listen', 'admin'] as const)('a port of %s that is in use is an error', async (which) => {
  const { authority, port } = await listen(createServer());
  const line = `cannot listen on 127.0.0.1:${port}: the port is in use (by another sidecar? --listen and --admin choose others)`;
  const other = which === 'listen' ? 'admin' : 'listen';
  await expectRefusal([`--${which}`, authority, `--${other}`, '127.0.0.1:0'], line);
  const file = configFile(`mcp_tls_sidecar: { ${which}: "${authority}", ${other}: "127.0.0.1:0" }`);
  await expectRefusal(['--config', file], line);
});

test('the second of two listen addresses that is in use is an error too', async () => {
  const { authority, port } = await listen(createServer());
  const file = configFile(
    `mcp_tls_sidecar: { listen: ["127.0.0.1:0", "${authority}"], admin: "127.0.0.1:0" }`,
  );
  await expectRefusal(
    ['--config', file],
    `cannot listen on 127.0.0.1:${port}: the port is in use (by another sidecar? --listen and --admin choose others)`,
  );
});

test.each(['0.0.0.0:0', '[::]:0', '192.0.2.1:0'])(
  'listening on %s, which is not loopback, needs consent',
  async (address) => {
    const because = 'is not a loopback address, which needs allow_remote_clients: true';
    for (const which of ['listen', 'admin'] as const) {
      const empty = configFile('{}');
      await expectRefusal(
        ['--config', empty, `--${which}`, address],
        `${empty}: --${which} ${address} ${because}`,
      );
      const file = configFile(`mcp_tls_sidecar:\n  ${which}: "${address}"\n`);
      const { code, stdout, stderr } = await runCommand(['--config', file]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/^error: [^\n]*\n$/);
      expect(stderr).toContain(`${file}:2:`);
      expect(stderr).toContain(because);
    }
  },
);

test('an address of the command line beyond loopback is taken where the file allows remote clients', async () => {
  const config = 'mcp_tls_sidecar: { allow_remote_clients: true, unlisted_hosts: deny }';
  const sidecar = await startSidecar({ config, args: ['--admin', '0.0.0.0:0'] });
  const port = sidecar.admin.slice(sidecar.admin.lastIndexOf(':') + 1);
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
});

test.each([
  [['serve', '--jsno'], /^error: unknown option '--jsno'\nhint: .*\n$/],
  [['dance'], /^error: there is no command "dance"\nhint: .*\n$/],
  [['check', '--listen', '127.0.0.1:0'], /^error: --listen does not go with check\nhint: .*\n$/],
  [
    ['--listen', '8921'],
    /^error: --listen 8921 is no address to listen on\nhint: write --listen 127\.0\.0\.1:8921\n$/,
  ],
  [['check', 'config.yaml'], /^error: "config\.yaml" is one argument too many\nhint: .*\n$/],
  [['--config'], /^error: [^\n]*--config[^\n]*\nhint: .*\n$/],
  [['--config', ''], /^error: --config is empty\nhint: .*\n$/],
])('wrong usage is exit code 2: %j', async (args, message) => {
  const { code, stdout, stderr } = await runCommand(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(message);
});

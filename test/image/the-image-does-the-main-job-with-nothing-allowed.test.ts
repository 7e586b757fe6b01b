import { execFile } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { callEcho, connectClient } from '../../examples/demo/sdk-client.ts';
import { configText } from '../harness/config-text.ts';
import { listen } from '../harness/listen.ts';
import { startEverything, type EverythingServer } from '../harness/mcp-upstream.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { writableByTheImage } from './build-image.ts';
import { startContainer } from './container.ts';

const image = inject('image');

/** An MCP server behind a private CA, and the directory that is mounted for the configuration. */
async function company() {
  const ca = createCa();
  const leaf = ca.issue('127.0.0.1', { authorityKeyIdentifier: false });
  const server = await startEverything({ leaf, transport: 'streamableHttp' });
  const directory = writableByTheImage(temporaryDirectory());
  writeFileSync(path.join(directory, 'ca.pem'), ca.pem);
  writeFileSync(path.join(directory, 'config.yaml'), await config(server));
  return { server, directory };
}

async function config(server: EverythingServer): Promise<string> {
  const url = `https://${server.authority}${server.path}`;
  // The health check finds the admin listener by the configuration.
  const { port, close } = await listen(createServer());
  await close();
  return configText(
    { everything: { url, ssl_verify: 'ca.pem' } },
    { listen: '127.0.0.1:0', admin: `127.0.0.1:${port}`, timeouts: { drain: '5s' } },
  );
}

test('calls a tool, is healthy, drains on SIGTERM: as uid 65532, without capabilities, on a read-only root', async () => {
  const { server, directory } = await company();
  const published = writableByTheImage(path.join(temporaryDirectory(), 'ca'));
  const state = writableByTheImage(path.join(temporaryDirectory(), 'state'));
  const container = startContainer(image, {
    mounts: {
      '/etc/mcp-tls-sidecar': directory,
      '/run/mcp-tls-sidecar': published,
      '/var/lib/mcp-tls-sidecar': state,
    },
  });
  const { proxy } = await container.ready();

  const { client } = await connectClient(`http://${proxy}/everything/mcp`);
  expect((await client.listTools()).tools.length).toBeGreaterThan(3);
  expect(await callEcho(client, 'from a container')).toContain('from a container');
  await client.close();
  const bundle = path.join(published, 'mcp-tls-sidecar-ca/ca-bundle.pem');
  expect(await initializeByConnect(proxy, server, bundle)).toBe('200');
  const [kept = ''] = readdirSync(state);
  const { uid, mode } = statSync(path.join(state, kept));
  expect([uid, mode & 0o777]).toEqual([65532, 0o700]);

  const [, ...health] = image.config.Healthcheck.Test;
  expect(await container.exec(health)).toEqual({ code: 0, stdout: 'ready\n', stderr: '' });
  expect(await whoItIs(container.exec)).toEqual({
    uid: '65532',
    capabilities: '0000000000000000',
    noNewPrivileges: '1',
    writeToRoot: 'EROFS',
    compileCache: 'EROFS',
  });

  await container.signal('TERM');
  await poll(() => container.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  expect(await container.exited).toBe(0);
  expect(container.stderr()).toBe('');
  // Of requests: those that the client itself gave up at its end.
  const troubles = container.logs.filter(({ level }) => level === 'warn' || level === 'error');
  expect(troubles.filter(({ reason }) => reason !== 'downstream_aborted')).toEqual([]);
});

test('without a volume it relays all the same, and says what is missing for CONNECT', async () => {
  const { directory } = await company();
  const container = startContainer(image, { mounts: { '/etc/mcp-tls-sidecar': directory } });
  const { proxy } = await container.ready();
  const { client } = await connectClient(`http://${proxy}/everything/mcp`);
  expect(await callEcho(client, 'no volume')).toContain('no volume');
  await client.close();
  expect(container.logs).toContainEqual(
    expect.objectContaining({ level: 'error', msg: expect.stringContaining('CA') as string }),
  );
});

test('a configuration that its user may not read is an error, and not the embedded default', async () => {
  const { directory } = await company();
  chownSync(directory, 0, 0);
  chmodSync(directory, 0o700);
  const container = startContainer(image, { mounts: { '/etc/mcp-tls-sidecar': directory } });
  expect(await container.exited).toBe(1);
  expect(container.stderr()).toMatch(/^error: \/etc\/mcp-tls-sidecar\/config\.yaml: .*permi/);
});

test('a signal to debug does not open an inspector, nor end it', async () => {
  const container = startContainer(image, {
    args: ['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
  });
  const { admin } = await container.ready();
  await container.signal('USR1');
  expect((await fetch(`http://${admin}/livez`)).status).toBe(200);
  await container.signal('TERM');
  expect(await container.exited).toBe(0);
  expect(container.stderr()).toBe('');
});

/** What the process that a container's health check is sees of itself; process 1 is of the same user. */
async function whoItIs(exec: (command: readonly string[]) => Promise<{ stdout: string }>) {
  const script = `
    const fs = require('node:fs');
    const status = fs.readFileSync('/proc/1/status', 'utf8');
    const field = (name) => new RegExp('^' + name + ':\\\\s+(\\\\S+)', 'm').exec(status)[1];
    const write = (file) => { try { fs.writeFileSync(file, ''); return 'written'; } catch ({ code }) { return code; } };
    console.log(JSON.stringify({
      uid: field('Uid'), capabilities: field('CapBnd'), noNewPrivileges: field('NoNewPrivs'),
      writeToRoot: write('/written'), compileCache: write(process.env.NODE_COMPILE_CACHE + '/written'),
    }));`;
  const { stdout } = await exec(['/nodejs/bin/node', '-e', script]);
  return JSON.parse(stdout) as unknown;
}

/** The status of an MCP `initialize` with the real URL, by HTTPS_PROXY and the local CA. */
async function initializeByConnect(proxy: string, server: EverythingServer, bundle: string): Promise<string> {
  expect(readFileSync(bundle, 'utf8')).toContain('BEGIN CERTIFICATE');
  const params = {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'curl', version: '8' },
  };
  const { stdout } = await promisify(execFile)('curl', [
    ...[
      '--silent',
      '--show-error',
      '--max-time',
      '15',
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code}',
    ],
    ...['--proxy', `http://${proxy}`, '--cacert', bundle, '--noproxy', ''],
    ...[
      '--header',
      'content-type: application/json',
      '--header',
      'accept: application/json, text/event-stream',
    ],
    ...['--data', JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })],
    `https://${server.authority}${server.path}`,
  ]);
  return stdout;
}

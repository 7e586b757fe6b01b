import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { configText } from '../harness/config-text.ts';
import { startRawTcp, startRawUpstream } from '../harness/raw-upstream.ts';
import { runCommand } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

const ca = createCa({ name: 'Corp Root CA' });

function write(text: string): string {
  const file = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(file, text);
  return file;
}

function configOf(servers: Record<string, object>, settings: Record<string, unknown> = {}): string {
  return write(configText(servers, settings));
}

interface Shown {
  readonly problems: { readonly message: string }[];
  readonly targets: {
    readonly target: string;
    readonly verdict: string;
    readonly reason: string | null;
    readonly cause: string;
    readonly steps: { readonly id: string; readonly status: string; readonly detail: string }[];
  }[];
}

const parse = (stdout: string) => JSON.parse(stdout) as Shown;

test('a good server is exit code 0 and says so, as text and as JSON', async () => {
  const { port } = await startUpstream({ leaf: ca.issue('localhost') });
  const config = configOf({ good: { url: `https://localhost:${port}/mcp`, ssl_verify: ca.pem } });
  const text = await runCommand(['doctor', '--config', config]);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toContain('nothing is wrong');
  const { stdout, code } = await runCommand(['doctor', '--json', '--config', config, 'good']);
  const { targets, problems } = parse(stdout);
  expect({ code, problems }).toEqual({ code: 0, problems: [] });
  expect(targets.map(({ target, verdict, cause }) => ({ target, verdict, cause }))).toEqual([
    { target: 'good', verdict: 'good', cause: 'none' },
  ]);
});

test('all servers are looked at if none is named, and one that fails is exit code 1', async () => {
  const { port } = await startUpstream({ leaf: ca.issue('localhost') });
  const url = `https://localhost:${port}/mcp`;
  const config = configOf({
    good: { url, ssl_verify: ca.pem },
    other: { url: `https://127.0.0.1:${port}/mcp`, ssl_verify: ca.pem },
  });
  const { stdout, code } = await runCommand(['doctor', '--json', '--config', config]);
  const found = parse(stdout).targets.map(({ target, cause, reason }) => [target, cause, reason]);
  expect(found).toEqual([
    ['good', 'none', null],
    ['other', 'name_mismatch', 'tls_cert_name_mismatch'],
  ]);
  expect(code).toBe(1);
});

test('an error of the configuration is printed and exit code 1, and the rest is looked at', async () => {
  const { port } = await startUpstream({ leaf: ca.issue('localhost') });
  const config = configOf({
    good: { url: `https://localhost:${port}/mcp`, ssl_verify: ca.pem },
    bad: { url: 'https://bad.test/mcp', ssl_verify: '/nowhere/ca.pem' },
  });
  const { stdout, code } = await runCommand(['doctor', '--json', '--config', config]);
  const { problems, targets } = parse(stdout);
  expect(problems.map(({ message }) => message)).toEqual([
    'ssl_verify of bad: /nowhere/ca.pem does not exist',
  ]);
  expect(targets.map(({ verdict, cause }) => [verdict, cause])).toEqual([
    ['good', 'none'],
    ['failed', 'configuration_unusable'],
  ]);
  expect(code).toBe(1);
});

test('a configuration that is refused whole is printed and exit code 1', async () => {
  const { stdout, code } = await runCommand(['doctor', '--config', write('mcp_servers: [')]);
  expect(stdout).toMatch(/^error: /);
  expect(code).toBe(1);
});

test.each([
  [['doctor'], 'no target is named'],
  [['doctor', 'ftp://mcp.test/'], 'a URL here begins with https:// or http://'],
  [['doctor', 'https://me:secret@mcp.test/'], 'doctor sends no credentials'],
  [['doctor', 'a b'], 'is no server of the configuration'],
  [['doctor', 'a.test', 'b.test', '--save-chain', 'f.pem'], '--save-chain takes one target'],
  [['doctor', '--listen', '127.0.0.1:1'], '--listen does not go with doctor'],
])('wrong usage is exit code 2: %j', async (args, words) => {
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).toContain(words);
  expect(stderr).not.toContain('secret');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('a handshake that stalls ends within 10 s', { timeout: 30_000 }, async () => {
  const { port } = await startRawTcp(() => undefined);
  const startedMs = performance.now();
  const { stdout, code } = await runCommand(['doctor', '--json', `127.0.0.1:${port}`]);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  expect(parse(stdout).targets[0]).toMatchObject({ cause: 'handshake_stalled', reason: 'tls_timeout' });
  expect(code).toBe(1);
});

test('a server that never answers over TLS ends within 10 s, MCP or not', { timeout: 40_000 }, async () => {
  const { port } = await startRawUpstream({ leaf: ca.issue('localhost'), onConnection: () => undefined });
  const config = configOf({ mute: { url: `https://localhost:${port}/mcp`, ssl_verify: ca.pem } });
  const startedMs = performance.now();
  const both = await Promise.all(
    [[], ['--mcp']].map((more) => runCommand(['doctor', '--json', '--config', config, ...more])),
  );
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  for (const { stdout, code } of both) {
    expect(parse(stdout).targets[0]).toMatchObject({ cause: 'no_answer', reason: 'response_timeout' });
    expect(code).toBe(1);
  }
});

test('nothing is ever sent on a connection that is not verified, and no credentials on one that is', async () => {
  const received: Buffer[] = [];
  const strange = await startRawUpstream({
    leaf: createCa().issue('localhost'),
    onConnection: (socket) => socket.on('data', (chunk: Buffer) => received.push(chunk)),
  });
  const good = await startUpstream({ leaf: ca.issue('localhost') });
  const secrets = { authentication_token: 'sk-secret', static_headers: { 'X-Key': 'sk-secret' } };
  const config = configOf({
    strange: { url: `https://localhost:${strange.port}/mcp`, ssl_verify: ca.pem, ...secrets },
    off: { url: `https://127.0.0.1:${strange.port}/mcp`, ssl_verify: false, ...secrets },
    good: { url: `https://localhost:${good.port}/mcp`, ssl_verify: ca.pem, ...secrets },
  });
  for (const more of [[], ['--mcp']]) {
    const { stdout } = await runCommand(['doctor', '--config', config, ...more]);
    expect(stdout).not.toContain('sk-secret');
  }
  expect(strange.connections).toBeGreaterThanOrEqual(6);
  expect(Buffer.concat(received).toString()).toBe('');
  expect(good.requests.length).toBeGreaterThanOrEqual(2);
  expect(JSON.stringify(good.requests)).not.toMatch(/sk-secret|authorization/i);
});

test('--save-chain writes what was presented and nothing else, says that it is not trusted, and overwrites nothing', async () => {
  const intermediate = ca.intermediate({ name: 'Corp Issuing CA' });
  const leaf = intermediate.issue('localhost');
  const { port } = await startUpstream({ leaf });
  const folder = temporaryDirectory();
  const config = configOf({ one: { url: `https://localhost:${port}/mcp`, ssl_verify: ca.pem } });
  const args = ['doctor', '--config', config, '--save-chain', 'chain.pem'];
  expect(await runCommand(args, { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
  const text = readFileSync(join(folder, 'chain.pem'), 'utf8');
  // The root stands in the bundle, and was not sent.
  expect(text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g)?.join('')).toBe(
    leaf.chain,
  );
  expect(text).toContain('PRESENTED IS NOT TRUSTED');
  expect(text).toContain(`sha256: ${new X509Certificate(leaf.certificate).fingerprint256}`);
  expect(text).toContain('issuer: CN=Corp Issuing CA');
  const again = await runCommand(args, { cwd: folder });
  expect(again).toMatchObject({ code: 2, stdout: '' });
  expect(again.stderr).toContain('is there already, and is not overwritten');
  expect(readFileSync(join(folder, 'chain.pem'), 'utf8')).toBe(text);
  expect(readdirSync(folder)).toEqual(['chain.pem']);
});

test('it writes nothing that was not asked for', async () => {
  const { port } = await startUpstream({ leaf: ca.issue('localhost') });
  const folder = temporaryDirectory();
  const home = temporaryDirectory();
  await runCommand(['doctor', `https://localhost:${port}/mcp`, '--mcp'], {
    cwd: folder,
    env: { HOME: home },
  });
  expect(readdirSync(folder)).toEqual([]);
  expect(existsSync(join(home, '.local'))).toBe(false);
});

test('what certificates and servers say reaches the terminal without control characters', async () => {
  const evil = createCa({ name: 'Evil\u001b[2J\u0007\r\nCA\u202e' });
  const serverInfo = { name: 'Sly\u001b[2J\u202e', version: '1' };
  const { port } = await startUpstream({
    leaf: evil.issue(['localhost', 'x\u001b[31m.test']),
    handler: (_, response) => response.end(JSON.stringify({ id: 1, result: { serverInfo } })),
  });
  const config = configOf({ evil: { url: `https://localhost:${port}/mcp`, ssl_verify: evil.pem } });
  const args = ['doctor', '--config', config, '--mcp', 'evil', `https://127.0.0.1:${port}/`];
  const [text, json] = [await runCommand(args), await runCommand([...args, '--json'])];
  const said = [text.stdout, text.stderr];
  JSON.parse(json.stdout, (_, value: unknown) => said.push(typeof value === 'string' ? value : ''));
  // eslint-disable-next-line no-control-regex -- what must not be there
  expect(said.join('')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text.stdout).toContain('Evil');
  expect(text.stdout).toContain('Sly');
});

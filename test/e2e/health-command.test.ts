import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { configText } from '../harness/config-text.ts';
import { listen } from '../harness/listen.ts';
import { poll } from '../harness/poll.ts';
import { refusingPort } from '../harness/raw-upstream.ts';
import { runCommand } from '../harness/run-command.ts';
import { startSidecar } from '../harness/sidecar-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream } from '../harness/tls-upstream.ts';
import { openStream, streamOrAnswer } from '../integration/reload/load.ts';

/** Asks the sidecar whose admin listener is there. */
async function health(admin: string) {
  const file = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(file, `mcp_tls_sidecar: { admin: "${admin}" }`);
  return runCommand(['health', '--config', file]);
}

test('health is exit code 0 while the sidecar is ready, and 1 while it drains', async () => {
  const ca = createCa();
  const upstream = await startUpstream({ leaf: ca.issue('127.0.0.1'), handler: streamOrAnswer });
  const servers = { steady: { url: `https://${upstream.authority}/`, ssl_verify: ca.pem } };
  const sidecar = await startSidecar({ config: configText(servers, { timeouts: { drain: '10s' } }) });
  expect(await health(sidecar.admin)).toEqual({ code: 0, stdout: 'ready\n', stderr: '' });

  const stream = await openStream(sidecar, 'steady');
  sidecar.signal('SIGTERM');
  await poll(() => sidecar.logs.some(({ msg }) => msg === 'draining'), { what: 'the drain' });
  const { code, stdout, stderr } = await health(sidecar.admin);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: not ready: http:\/\/127\.0\.0\.1:\d+\/readyz answers 503\n$/);
  stream.close();
});

test('health is exit code 1 where no sidecar runs', async () => {
  const port = await refusingPort();
  const { code, stdout, stderr } = await health(`127.0.0.1:${port}`);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(`error: not ready: http://127.0.0.1:${port}/readyz: ECONNREFUSED\n`);
});

test('health is exit code 1 where something answers too late', async () => {
  const { authority } = await listen(createServer(() => undefined));
  const { code, stderr } = await health(authority);
  expect(code).toBe(1);
  expect(stderr).toBe(`error: not ready: http://${authority}/readyz: no answer within 3 s\n`);
});

test('health of a sidecar on all addresses is asked through loopback', async () => {
  const consent = 'allow_remote_clients: true, unlisted_hosts: deny';
  const config = `mcp_tls_sidecar: { admin: "0.0.0.0:0", ${consent} }`;
  const sidecar = await startSidecar({ config, args: ['--admin', '0.0.0.0:0'] });
  const port = sidecar.admin.slice(sidecar.admin.lastIndexOf(':') + 1);
  sidecar.writeConfig(`mcp_tls_sidecar: { admin: "0.0.0.0:${port}", ${consent} }`);
  expect((await runCommand(['health', '--config', sidecar.configFile])).code).toBe(0);

  const none = await refusingPort();
  for (const [all, one] of [
    ['0.0.0.0', '127.0.0.1'],
    ['[::]', '[::1]'],
  ]) {
    const file = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(file, `mcp_tls_sidecar: { admin: "${all}:${none}", ${consent} }`);
    const { code, stderr } = await runCommand(['health', '--config', file]);
    expect(code).toBe(1);
    expect(stderr).toContain(`http://${one}:${none}/readyz: `);
  }
});

test('an entry that is unusable does not make the sidecar unhealthy', async () => {
  const servers = { broken: { url: 'https://127.0.0.1:1/', ssl_verify: '/nonexistent/ca.pem' } };
  const sidecar = await startSidecar({ config: configText(servers) });
  expect((await health(sidecar.admin)).code).toBe(0);
});

import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { expectFailure } from '../../harness/expect-failure.ts';
import { startSidecar, type SidecarProcess } from '../../harness/sidecar-process.ts';
import { openStream } from './load.ts';
import { createWorld, lastReloadSuccessful, reloads, untilReloads } from './world.ts';

const stale = (sidecar: SidecarProcess) =>
  sidecar.metric('mcp_tls_sidecar_server_stale', { server: 'subject' });
const usable = (sidecar: SidecarProcess) =>
  sidecar.metric('mcp_tls_sidecar_server_usable', { server: 'subject' });

/** Calls the subject for a while in every way, and asserts that none of it went upstream. */
async function expectUnusable(
  sidecar: SidecarProcess,
  upstream: { requests: readonly unknown[]; connections: number },
) {
  const [requests, connections] = [upstream.requests.length, upstream.connections];
  for (let count = 0; count < 5; count++)
    await expectFailure(await fetch(`${sidecar.proxyUrl}/subject/mcp`), sidecar, {
      server: 'subject',
      reason: 'configuration_unusable',
    });
  expect(upstream.requests.length).toBe(requests);
  expect(upstream.connections).toBe(connections);
  expect(await usable(sidecar)).toBe(0);
}

test('an entry that goes from false to a path that does not exist is unusable, never unverified', async () => {
  const { config, folder, rightFile, subject, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(false) });
  const load = await startLoad(sidecar);
  expect(await trustOf(sidecar)).toBe('trusted');
  const missing = join(folder, 'missing.pem');
  sidecar.writeConfig(config(missing));
  // From the end of the reload on nothing may reach it, not even over the connection that is warm.
  await untilReloads(sidecar, 'failure', 1);
  await expectUnusable(sidecar, subject);
  expect(await stale(sidecar)).toBe(0);
  expect(await sidecar.metric('mcp_tls_sidecar_verification_disabled', { server: 'subject' })).toBe(0);
  expect(await lastReloadSuccessful(sidecar)).toBe(0);
  expect(sidecar.logs).toContainEqual(
    expect.objectContaining({
      level: 'error',
      server: 'subject',
      line: 1,
      msg: `ssl_verify of subject: ${missing} does not exist`,
    }),
  );
  // The file alone mends it.
  renameSync(rightFile, missing);
  await takesEffect(sidecar, 'trusted', 'the missing CA file created');
  expect(await lastReloadSuccessful(sidecar)).toBe(1);
  await load.finish();
});

test('an entry that inherits false does not fall back on it when the inherited path is missing', async () => {
  const { folder, subject, steady, trustOf } = await createWorld();
  const servers = { subject: { url: `https://${subject.authority}/mcp` } };
  const sidecar = await startSidecar({ config: configText(servers, { ssl_verify: false }) });
  expect(await trustOf(sidecar)).toBe('trusted');
  sidecar.writeConfig(configText(servers, { ssl_verify: join(folder, 'missing.pem') }));
  await untilReloads(sidecar, 'failure', 1);
  await expectUnusable(sidecar, subject);
  expect(steady.connections).toBe(0);
});

test('an unchanged entry whose CA file is deleted keeps the last good bytes, and says so', async () => {
  const { config, rightFile, wrong, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  unlinkSync(rightFile);
  await untilReloads(sidecar, 'failure', 1);
  expect(await stale(sidecar)).toBe(1);
  expect(await usable(sidecar)).toBe(1);
  expect(await lastReloadSuccessful(sidecar)).toBe(0);
  expect(await trustOf(sidecar)).toBe('trusted');
  // Another reload does not make it forget them, nor does a file without a certificate.
  expect((await sidecar.reload()).status).toBe(500);
  expect(await trustOf(sidecar)).toBe('trusted');
  writeFileSync(rightFile, 'no certificate');
  await untilReloads(sidecar, 'failure', 3);
  expect(await stale(sidecar)).toBe(1);
  expect(await trustOf(sidecar)).toBe('trusted');

  writeFileSync(rightFile, wrong);
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a deleted CA file brought back');
  expect(await stale(sidecar)).toBe(0);
  expect(await lastReloadSuccessful(sidecar)).toBe(1);
  await load.finish();
});

test.each([
  ['its policy', { tls: { server_name: '127.0.0.1' } }],
  ["a key of LiteLLM's", { description: 'another one' }],
])('an entry of which %s changed while its CA file went is unusable', async (_, change) => {
  const { config, rightFile, subject, startLoad, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  expect(await trustOf(sidecar)).toBe('trusted');
  unlinkSync(rightFile);
  sidecar.writeConfig(config(rightFile, change));
  await untilReloads(sidecar, 'failure', 1);
  expect(await sidecar.reload()).toHaveProperty('status', 500);
  await expectUnusable(sidecar, subject);
  expect(await stale(sidecar)).toBe(0);
  // What streamed before streams on.
  await load.finish();
});

test('a spoiled entry leaves the others their connections and takes up what changed of them', async () => {
  const { config, folder, rightFile, wrongFile, steady, takesEffect } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const stream = await openStream(sidecar, 'steady');
  await fetch(`${sidecar.proxyUrl}/steady/mcp`);
  const connections = steady.connections;
  sidecar.writeConfig(config(join(folder, 'missing.pem')));
  await untilReloads(sidecar, 'failure', 1);
  expect((await fetch(`${sidecar.proxyUrl}/steady/mcp`)).status).toBe(200);
  sidecar.writeConfig(config(wrongFile));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a spoiled entry given another file');
  expect((await fetch(`${sidecar.proxyUrl}/steady/mcp`)).status).toBe(200);
  // One for the stream and one for the calls, all along.
  expect(steady.connections).toBe(connections);
  await stream.flows();
  expect(await reloads(sidecar, 'failure')).toBe(1);
});

import { expect, test } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { openStream } from './load.ts';
import { createWorld, reloads, untilReloads } from './world.ts';

test('SIGHUP reloads, changed or not, and disturbs nobody', async () => {
  const { config, rightFile, wrongFile, steady, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  sidecar.signal('SIGHUP');
  await untilReloads(sidecar, 'success', 1);
  expect(sidecar.logs).toContainEqual(
    expect.objectContaining({ msg: 'configuration reloaded', trigger: 'signal' }),
  );
  sidecar.writeConfig(config(wrongFile));
  sidecar.signal('SIGHUP');
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'SIGHUP');
  sidecar.writeConfig('mcp_servers: [');
  sidecar.signal('SIGHUP');
  await untilReloads(sidecar, 'failure', 1);
  expect(await trustOf(sidecar)).toBe('tls_cert_issuer_unknown');
  await load.finish();
  expect(steady.handshakeErrors).toEqual([]);
});

test('POST /-/reload answers when the change is in force, and what was wrong', async () => {
  const { config, rightFile, wrongFile, startLoad, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  for (let round = 0; round < 5; round++) {
    sidecar.writeConfig(config(wrongFile));
    const response = await sidecar.reload();
    // No polling: the very next call goes by the new policy.
    expect(await trustOf(sidecar)).toBe('tls_cert_issuer_unknown');
    expect(response.status).toBe(200);
    const report = (await response.json()) as { result: string; problems: { severity: string }[] };
    expect(report.result).toBe('success');
    // The bundle is rehearsed by whoever takes it up first, this reload or the watcher's: a warning at most.
    expect(report.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    sidecar.writeConfig(config(rightFile));
    await sidecar.reload();
    expect(await trustOf(sidecar)).toBe('trusted');
  }
  sidecar.writeConfig('mcp_servers: [');
  const refused = await sidecar.reload();
  expect(refused.status).toBe(500);
  expect(await refused.json()).toMatchObject({
    result: 'failure',
    problems: [{ severity: 'error', line: 1, file: sidecar.configFile }],
  });
  expect(await trustOf(sidecar)).toBe('trusted');
  await load.finish();
});

test('an unchanged entry keeps its warm connections through reloads; a changed one gets new ones', async () => {
  const { config, rightFile, wrongFile, steady, subject } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const call = async (server: string) =>
    expect((await fetch(`${sidecar.proxyUrl}/${server}/mcp`)).status).toBe(200);
  await call('steady');
  await call('subject');
  for (let round = 0; round < 3; round++) {
    sidecar.writeConfig(config(wrongFile));
    await sidecar.reload();
    sidecar.writeConfig(config(rightFile));
    await sidecar.reload();
    await call('steady');
    await call('subject');
  }
  expect(steady.connections).toBe(1);
  // The policy is the same as before; the connection was made under it, but before a step.
  expect(subject.requests.map(({ connection }) => connection)).toEqual([1, 2, 3, 4]);
  expect(subject.requests.map(({ resumed }) => resumed)).toEqual([false, false, false, false]);
});

test('POST /-/reload?close=changed ends the streams of changed entries, and of no others', async () => {
  const { config, rightFile, wrongFile, subject, startLoad } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar, ['steady']);
  const stream = await openStream(sidecar, 'subject');

  await sidecar.reload('?close=changed');
  await stream.flows();
  sidecar.writeConfig(config(wrongFile));
  await sidecar.reload();
  await stream.flows();
  expect(stream.ended).toBe(false);
  // Changed since the stream began, though not by this reload.
  await sidecar.reload('?close=changed');
  await poll(() => stream.ended, { what: 'the end of the stream' });
  await poll(() => subject.requests.find(({ url }) => url === '/stream')?.cancelled, {
    what: 'the end upstream',
  });
  await poll(
    () => sidecar.logs.some((line) => line['server'] === 'subject' && line['reason'] === 'draining'),
    { what: 'its log line' },
  );
  await load.finish();
});

test('an entry that is gone answers as unknown, and comes back; its streams go on', async () => {
  const { config, rightFile, steady, startLoad, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  const all = JSON.parse(config(rightFile)) as { mcp_servers: Record<string, object> };
  sidecar.writeConfig(configText({ steady: all.mcp_servers['steady'] ?? {} }));
  await sidecar.reload();
  const gone = await fetch(`${sidecar.proxyUrl}/subject/mcp`);
  expect(gone.status).toBe(500);
  expect(await gone.json()).toMatchObject({ reason: 'server_unknown' });
  expect(await sidecar.metric('mcp_tls_sidecar_server_usable', { server: 'subject' })).toBeUndefined();
  sidecar.writeConfig(config(rightFile));
  await sidecar.reload();
  expect(await trustOf(sidecar)).toBe('trusted');
  await load.finish();
  expect(steady.handshakeErrors).toEqual([]);
  expect(await reloads(sidecar, 'failure')).toBe(0);
});

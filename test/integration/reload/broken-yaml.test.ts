import { mkdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startSidecar } from '../../harness/sidecar-process.ts';
import { createWorld, lastReloadSuccessful, reloads, untilReloads } from './world.ts';

/** What is wrong, and the line and column that the log must name. */
const broken: Readonly<Record<string, { text: string; line: number; column: number }>> = {
  'an empty file': { text: '', line: 0, column: 0 },
  'an open bracket': { text: 'mcp_servers:\n  subject: [\n', line: 3, column: 1 },
  'an open quote': { text: 'mcp_servers:\n  subject:\n    url: "https://a.test\n', line: 3, column: 10 },
  'a tab as indentation': { text: 'mcp_servers:\n\tsubject: {}\n', line: 2, column: 1 },
  'a key twice': {
    text: 'mcp_servers:\n  subject: { url: https://a.test }\n  subject: { url: https://b.test }\n',
    line: 3,
    column: 3,
  },
  'a list at the top': { text: '- mcp_servers\n', line: 1, column: 1 },
  'a value of another type': {
    text: 'mcp_servers:\n  subject:\n    url: https://a.test\n    ssl_verify: 7\n',
    line: 4,
    column: 17,
  },
  'a text that spells a boolean': {
    text: 'mcp_servers:\n  subject:\n    url: https://a.test\n    ssl_verify: "False"\n',
    line: 4,
    column: 17,
  },
  'a key that nearly spells ssl_verify': {
    text: 'mcp_servers:\n  subject:\n    url: https://a.test\n    sslverify: false\n',
    line: 4,
    column: 5,
  },
  'a url with a password': {
    text: 'mcp_servers:\n  subject:\n    url: https://user:hunter2@a.test\n',
    line: 3,
    column: 10,
  },
  'a setting that is not to be had': {
    text: 'mcp_tls_sidecar:\n  timeouts: { dial: soon }\n',
    line: 2,
    column: 21,
  },
  'a second document': { text: '{}\n---\n{}\n', line: 2, column: 1 },
};

test('a YAML broken in any way leaves the old policy in force, and log and metrics say so', async () => {
  const { config, rightFile, wrongFile, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  let failures = 0;
  for (const [what, { text, line, column }] of Object.entries(broken)) {
    const logged = sidecar.logs.length;
    sidecar.writeConfig(text);
    await untilReloads(sidecar, 'failure', ++failures);
    expect(await lastReloadSuccessful(sidecar), what).toBe(0);
    expect(await trustOf(sidecar), what).toBe('trusted');
    const errors = sidecar.logs.slice(logged).filter(({ level }) => level === 'error');
    expect(errors, what).toContainEqual(
      expect.objectContaining({ file: sidecar.configFile, line, column, hint: expect.any(String) as string }),
    );
    expect(errors.at(-1), what).toMatchObject({ msg: 'configuration refused: the old one stays in force' });
  }
  // Each counts once, and mending is a reload like any other.
  expect(await reloads(sidecar, 'failure')).toBe(Object.keys(broken).length);
  expect(await reloads(sidecar, 'success')).toBe(0);
  sidecar.writeConfig(config(wrongFile));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a YAML mended');
  expect(await lastReloadSuccessful(sidecar)).toBe(1);
  expect(JSON.stringify(sidecar.logs)).not.toContain('hunter2');
  await load.finish();
});

test('a bundle rotated under a broken YAML waits for the YAML, without reloads over and over', async () => {
  const { config, folder, right, wrong, startLoad, takesEffect, trustOf } = await createWorld();
  const bundle = `${folder}/bundle.pem`;
  writeFileSync(bundle, right);
  const sidecar = await startSidecar({ config: config(bundle) });
  const load = await startLoad(sidecar);
  sidecar.writeConfig('mcp_servers: [');
  await untilReloads(sidecar, 'failure', 1);
  writeFileSync(bundle, wrong);
  await untilReloads(sidecar, 'failure', 2);
  // Nothing to wait for: what must not happen would happen within this time.
  await delay(500);
  expect(await reloads(sidecar, 'failure')).toBe(2);
  expect(await trustOf(sidecar)).toBe('trusted');
  sidecar.writeConfig(config(bundle));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a YAML mended after its bundle was rotated');
  await load.finish();
});

test('a directory in the place of the YAML is one failure, until the YAML is back', async () => {
  const { config, rightFile, wrongFile, startLoad, takesEffect, trustOf } = await createWorld();
  const sidecar = await startSidecar({ config: config(rightFile) });
  const load = await startLoad(sidecar);
  unlinkSync(sidecar.configFile);
  mkdirSync(sidecar.configFile);
  // The watcher says nothing of this one: it is for the polling, which has ten seconds.
  await untilReloads(sidecar, 'failure', 1, 10_000);
  // Nothing to wait for: what must not happen would happen within this time.
  await delay(500);
  expect(await reloads(sidecar, 'failure')).toBe(1);
  expect(await trustOf(sidecar)).toBe('trusted');
  rmdirSync(sidecar.configFile);
  writeFileSync(sidecar.configFile, config(wrongFile));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', 'a file in the place of a directory');
  await load.finish();
});

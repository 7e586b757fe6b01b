import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { poll } from '../../harness/poll.ts';
import { caDirectoryIn } from '../../harness/published-ca.ts';
import { spawnCommand } from '../../harness/run-command.ts';
import { logCollector, sidecarAt } from '../../harness/sidecar.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { createWorld } from './world.ts';

test.each([
  ['listen', 'admin'],
  ['admin', 'listen'],
])('a change of %s waits for a restart and says so; all else of the file applies', async (changed, kept) => {
  const { config, rightFile, wrongFile, startLoad, takesEffect } = await createWorld();
  const text = (sslVerify: string, port: string) =>
    JSON.stringify({
      ...(JSON.parse(config(sslVerify)) as object),
      mcp_tls_sidecar: { [changed]: port, [kept]: '127.0.0.1:0', log: { requests: 'failures' } },
    });
  const cwd = temporaryDirectory();
  const file = join(cwd, 'config.yaml');
  writeFileSync(file, text(rightFile, '127.0.0.1:0'));
  // Without the options of the command line, which would be in force whatever the file says.
  const child = spawnCommand(['--config', file], { cwd });
  const { logs, write } = logCollector();
  child.stdout?.setEncoding('utf8').on('data', write);
  const ready = await poll(() => logs.find(({ msg }) => msg === 'ready'), {
    timeoutMs: 15_000,
    what: 'ready',
  });
  const sidecar = sidecarAt(
    { proxy: String(ready['proxy']), admin: String(ready['admin']) },
    caDirectoryIn(cwd),
    logs,
  );
  const load = await startLoad(sidecar);

  writeFileSync(file, text(wrongFile, 'localhost:0'));
  await takesEffect(sidecar, 'tls_cert_issuer_unknown', `a change beside ${changed}`);
  const said = logs.filter(({ msg }) => /takes effect at the next start/.test(String(msg)));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatchObject({
    level: 'warn',
    msg: `${changed} was changed: that takes effect at the next start`,
  });
  // Both places answer as before.
  expect((await fetch(`${sidecar.adminUrl}/readyz`)).status).toBe(200);
  await load.finish();
});

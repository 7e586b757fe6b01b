import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { start, StartError, type StartOptions } from '../../src/index.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { configText } from '../harness/config-text.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream } from '../harness/tls-upstream.ts';

const ports = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' };

async function company() {
  const ca = createCa();
  const upstream = await startUpstream({
    leaf: ca.issue('127.0.0.1'),
    handler: (_, answer) => answer.end('ok'),
  });
  const directory = temporaryDirectory();
  const config = path.join(directory, 'config.yaml');
  const write = (caFile: string) =>
    writeFileSync(
      config,
      configText({ dev: { url: `https://${upstream.authority}/mcp`, ssl_verify: caFile } }),
    );
  writeFileSync(path.join(directory, 'ca.pem'), ca.pem);
  write('ca.pem');
  const options: StartOptions = {
    ...ports,
    config,
    workingDirectory: directory,
    env: { STATE_DIRECTORY: temporaryDirectory() },
    log: () => undefined,
  };
  return { options, write };
}

test('start() relays, reloads with problems that say where, and closes', async () => {
  const { options, write } = await company();
  const lines: string[] = [];
  const sidecar = await start({ ...options, log: (line) => lines.push(line) });
  cleanUp(() => sidecar.close());
  const call = () => fetch(`http://${sidecar.proxy}/dev/mcp`);
  expect((await call()).status).toBe(200);
  expect((await fetch(`http://${sidecar.admin}/readyz`)).status).toBe(200);

  write('gone.pem');
  expect(await sidecar.reload()).toEqual({
    failed: true,
    problems: [
      expect.objectContaining({
        severity: 'error',
        file: options.config,
        line: 1,
        hint: expect.any(String) as string,
      }),
    ],
  });
  expect((await call()).status).toBe(500);
  write('ca.pem');
  expect(await sidecar.reload({ closeChanged: true })).toEqual({ failed: false, problems: [] });
  expect((await call()).status).toBe(200);
  expect(lines.every((line) => line.endsWith('\n') && 'msg' in (JSON.parse(line) as object))).toBe(true);

  await sidecar.close();
  await expect(call()).rejects.toThrow('fetch failed');
});

test('drain() ends it, and a second close() does no harm', async () => {
  const { options } = await company();
  const sidecar = await start(options);
  await sidecar.drain();
  await sidecar.close();
  await expect(fetch(`http://${sidecar.admin}/livez`)).rejects.toThrow('fetch failed');
});

test('with its log on stdout it ends as often as it is told to, and leaves nothing behind', async () => {
  const { options } = await company();
  const index = path.resolve(import.meta.dirname, '../../src/index.ts');
  const program = `
    import { start } from '${index}';
    const options = ${JSON.stringify({ ...options, log: undefined })};
    const before = process.listenerCount('exit');
    for (const ending of ['drain', 'close']) {
      const sidecar = await start(options);
      await sidecar[ending]();
      await sidecar.close();
      await sidecar.close();
    }
    console.log(JSON.stringify({ listeners: process.listenerCount('exit') - before }));`;
  // Not synchronously: the server that they have is in this process.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 20_000,
  });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg?: string; listeners?: number });
  expect(lines.filter(({ msg }) => msg === 'ready')).toHaveLength(2);
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'drained' }));
  // One is pino's, for all of its streams.
  expect(lines.at(-1)?.listeners).toBeLessThanOrEqual(1);
});

test.each([
  [{ listen: '8921' }, /^listen 8921 is no address to listen on: write host:port/],
  [{ admin: '0.0.0.0:0' }, /0\.0\.0\.0:0 is not a loopback address/],
  [{ config: '/nonexistent/config.yaml' }, /^\/nonexistent\/config\.yaml: /],
])('start(%o) rejects with a StartError of one line', async (options, words) => {
  const error: unknown = await start({ ...ports, log: () => undefined, ...options }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  expect((error as Error).message).toMatch(words);
  expect((error as Error).message).not.toContain('\n');
});

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import type { Problem } from '../../src/config/problem.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { readFileSync } from 'node:fs';
import { runCommand } from '../harness/run-command.ts';
import { startSidecar } from '../harness/sidecar-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { caseFolder, configCases, forEachCase, isMissingCa, type ConfigCase } from './config-cases.ts';

/** Whether the file is refused as a whole, rather than single entries of it. */
function isRefused({ file, env }: ConfigCase): boolean {
  const bytes = readFileSync(join(caseFolder, file));
  return readConfig({ file, bytes, env }).config === undefined;
}

test('serve refuses a file with one line on stderr and exit code 1, and starts with any other', async () => {
  const all = configCases();
  expect(all.filter(isRefused).length).toBeGreaterThan(20);
  expect(all.filter((one) => !isRefused(one)).length).toBeGreaterThan(10);
  const folder = process.cwd();
  process.chdir(caseFolder);
  try {
    await forEachCase((one) => (isRefused(one) ? expectRefused(one) : expectStarted(one)));
  } finally {
    process.chdir(folder);
  }
}, 240_000);

/** By its first error as `check` has it, which may be that of a CA file that is not there. */
async function expectRefused({ name, file, env }: ConfigCase): Promise<void> {
  const { code, stdout, stderr } = await runCommand(['serve', '--config', file], { cwd: caseFolder, env });
  const checked = await check({ config: file, json: true }, { HOME: temporaryDirectory(), ...env });
  const { problems } = JSON.parse(checked.stdout) as { problems: Problem[] };
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const place = first?.line === 0 ? file : `${file}:${first?.line}:${first?.column}`;
  const others = errors.length > 1 ? `and ${errors.length - 1} more: ` : '';
  const more = first?.line === 0 ? '' : ` (${others}run mcp-tls-sidecar check for the remedy)`;
  expect({ code, stdout, stderr }, name).toEqual({
    code: 1,
    stdout: '',
    stderr: `error: ${place}: ${first?.message}${more}\n`,
  });
}

/**
 * It listens, and its log says of every problem what `check` says. In a directory of its own: the local CA's public
 * files are written to the working directory.
 */
async function expectStarted({ name, file, env, expected }: ConfigCase): Promise<void> {
  const sidecar = await startSidecar({ configFile: join(caseFolder, file), env });
  expect((await fetch(`${sidecar.adminUrl}/readyz`)).status, name).toBe(200);
  const logged = sidecar.logs
    .filter((line) => 'hint' in line)
    .map(({ level, line, column, msg, hint }) => ({ level, line, column, msg, hint }))
    .filter(({ level, msg }) => !isMissingCa({ severity: String(level), message: String(msg) }));
  const wanted = expected.map(({ severity, line, column, message, hint }) => ({
    level: severity === 'error' ? 'error' : 'warn',
    line,
    column,
    msg: message,
    hint,
  }));
  expect(logged, name).toEqual(wanted);
  await sidecar.kill();
}

import { expect, test } from 'vitest';
import { check } from '../../src/cli/check.ts';
import { runCommand } from '../harness/run-command.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { caseFolder, configCases, forEachCase, isMissingCa, parseProblems } from './config-cases.ts';

test('check prints exactly the expected problems of every case, and its exit code follows', async () => {
  expect(configCases().length).toBeGreaterThan(60);
  await forEachCase(async ({ name, file, env, expected }) => {
    const { code, stdout, stderr } = await runCommand(['check', '--config', file], { cwd: caseFolder, env });
    const summary = stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1);
    const printed = parseProblems(stdout.slice(0, -summary.length));
    const ofTheYaml = printed.filter((problem) => !isMissingCa(problem));
    expect(
      ofTheYaml.map(({ text }) => text),
      name,
    ).toEqual(expected.map(({ text }) => text));
    const errors = printed.filter(({ severity }) => severity === 'error').length;
    const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;
    expect(summary, name).toMatch(
      new RegExp(
        `^${file}: (?:\\d+ servers?, \\d+ host entr(?:y|ies), )?` +
          `${plural(errors, 'error')}, ${plural(printed.length - errors, 'warning')}\n$`,
      ),
    );
    expect({ code, stderr }, name).toEqual({ code: errors > 0 ? 1 : 0, stderr: '' });
  });
}, 240_000);

test('check --json prints the same problems', async () => {
  const folder = process.cwd();
  process.chdir(caseFolder);
  try {
    for (const { name, file, env, expected } of configCases()) {
      const { stdout } = await check({ config: file, json: true }, { HOME: temporaryDirectory(), ...env });
      const { problems } = JSON.parse(stdout) as { problems: { severity: string; message: string }[] };
      const wanted = expected.map(({ severity, line, column, message, hint }) => ({
        severity,
        file,
        line,
        column,
        message,
        hint,
      }));
      expect(
        problems.filter((problem) => !isMissingCa(problem)),
        name,
      ).toEqual(wanted);
    }
  } finally {
    process.chdir(folder);
  }
});

test('check --json is one JSON document on stdout, and nothing else', async () => {
  const file = 'entries-conflicting-servers.yaml';
  const { code, stdout, stderr } = await runCommand(['check', '--json', '--config', file], {
    cwd: caseFolder,
  });
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const { problems, ...rest } = JSON.parse(stdout) as { problems: object[] };
  expect(rest).toEqual({});
  expect(problems.length).toBeGreaterThan(0);
  for (const problem of problems)
    expect(Object.keys(problem)).toEqual(['severity', 'file', 'line', 'column', 'message', 'hint']);
});

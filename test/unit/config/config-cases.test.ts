import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import { renderProblem } from '../../../src/config/render-problem.ts';

const folder = new URL('../../config-cases/', import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

function render(name: string): string {
  const variables = new URL(`${name}.env.json`, folder);
  const env = existsSync(variables) ? (JSON.parse(readFileSync(variables, 'utf8')) as NodeJS.ProcessEnv) : {};
  const bytes = readFileSync(new URL(`${name}.yaml`, folder));
  const { config, problems } = readConfig({ file: `${name}.yaml`, bytes, env });
  const refused = problems.some(({ severity, entry }) => severity === 'error' && entry === undefined);
  expect(config === undefined).toBe(refused);
  return problems.map((problem) => `${renderProblem(problem)}\n`).join('\n');
}

test.each(names)('the configuration %s has exactly the problems that are expected', async (name) => {
  const expected = new URL(`${name}.expected.txt`, folder);
  await expect(render(name)).toMatchFileSnapshot(expected.pathname);
});

test.each(names)('no secret of the configuration %s is shown', (name) => {
  // The cases plant values that have this word in them wherever something is to be hidden.
  expect(render(name).replaceAll(/(?:client|secret)_\w+/g, '')).not.toMatch(/secret/);
});

test.each(names.filter((name) => name.startsWith('accepts-')))('%s is read without a word', (name) => {
  expect(render(name)).toBe('');
});

import { describeProblem } from '../config/problem.ts';
import { renderProblem } from '../config/render-problem.ts';
import { hasErrors, loadConfig, type LoadedConfig } from '../snapshot/load-config.ts';
import { locateConfig } from './locate-config.ts';
import { exitCodes } from './usage.ts';

/** What a command prints, and its exit code. */
export interface Printed {
  readonly stdout: string;
  readonly code: number;
}

/** `check`: reads the configuration and every file it names, as `serve` would, and prints all problems at once. */
export async function check(
  command: { config: string | undefined; json: boolean },
  env: NodeJS.ProcessEnv,
): Promise<Printed> {
  const file = locateConfig(command.config, env);
  const loaded = await loadConfig({ file, env });
  const code = hasErrors(loaded.problems) ? exitCodes.problem : exitCodes.good;
  return { stdout: command.json ? renderJson(loaded) : renderText(file, loaded), code };
}

function renderJson({ problems }: LoadedConfig): string {
  const shown = problems.map(describeProblem);
  return `${JSON.stringify({ problems: shown }, undefined, 2)}\n`;
}

function renderText(file: string | undefined, { problems, snapshot }: LoadedConfig): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const counts = [
    ...(snapshot === undefined
      ? []
      : [
          plural(snapshot.config.servers.length, 'server'),
          plural(snapshot.config.hosts.length, 'host entry', 'host entries'),
        ]),
    plural(errors, 'error'),
    plural(problems.length - errors, 'warning'),
  ];
  const summary = `${file ?? 'embedded default, no file'}: ${counts.join(', ')}`;
  return [...problems.map((problem) => `${renderProblem(problem)}\n`), summary, ''].join('\n');
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

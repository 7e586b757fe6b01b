import type { Overrides } from '../../../src/config/check-listeners.ts';
import type { Config } from '../../../src/config/config.ts';
import type { Problem } from '../../../src/config/problem.ts';
import { readConfig } from '../../../src/config/read-config.ts';

/** Reads YAML as if it were the file `/etc/sidecar/config.yaml` and we were started in `/srv/sidecar`. */
export function read(
  yaml: string | Buffer,
  env: NodeJS.ProcessEnv = {},
  overrides: Overrides = {},
): { config: Config | undefined; problems: Problem[] } {
  return readConfig({
    file: '/etc/sidecar/config.yaml',
    workingDirectory: '/srv/sidecar',
    bytes: Buffer.from(yaml),
    env,
    overrides,
  });
}

/** The configuration of YAML that has no error. */
export function readGood(yaml: string, env: NodeJS.ProcessEnv = {}): Config {
  const { config, problems } = read(yaml, env);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (config === undefined || errors.length > 0) throw new Error(`not accepted: ${JSON.stringify(errors)}`);
  return config;
}

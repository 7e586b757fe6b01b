import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runDoctor } from '../../../src/doctor/doctor.ts';
import type { Evidence } from '../../../src/doctor/evidence.ts';
import { loadConfig } from '../../../src/snapshot/load-config.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

export interface DiagnoseOptions {
  /** None: all servers. */
  readonly names?: readonly string[];
  readonly mcp?: boolean;
  readonly wantsChain?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly budgetMs?: number;
}

/** Runs `doctor` in this process, where every name leads to 127.0.0.1. */
export async function diagnoseConfig(config: string, options: DiagnoseOptions = {}): Promise<Evidence[]> {
  const { names = [], mcp = false, wantsChain = false, env = {}, budgetMs = 9_000 } = options;
  const workingDirectory = temporaryDirectory();
  const file = join(workingDirectory, 'config.yaml');
  writeFileSync(file, config);
  const { snapshot, problems } = await loadConfig({ file, env, workingDirectory });
  if (snapshot === undefined) throw new Error(problems.map(({ message }) => message).join('; '));
  return runDoctor({
    names,
    snapshot,
    env,
    mcp,
    wantsChain,
    budgetMs,
    lookup: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
  });
}

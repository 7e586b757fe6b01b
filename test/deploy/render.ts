import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { deployFolder, parseManifests, type Manifest } from './manifests.ts';

/** What `kustomize build` makes of a folder. */
export function build(folder: string): Manifest[] {
  return run('kustomize', ['build', folder]);
}

/** What the chart that stands in for LiteLLM's makes of files of deploy/helm/. */
export function renderChart(...values: readonly string[]): Manifest[] {
  const files = values.flatMap((name) => ['-f', join(deployFolder, 'helm', name)]);
  return run('helm', ['template', 'litellm', join(import.meta.dirname, 'chart'), ...files]);
}

function run(tool: string, args: readonly string[]): Manifest[] {
  return parseManifests(execFileSync(tool, args, { encoding: 'utf8', timeout: 15_000 }));
}

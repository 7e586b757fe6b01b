import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { deployFolder } from './manifests.ts';

const needs = toolMissing('kubectl-validate');

/** What the step of CI runs; the tools are built by then. */
function validate(...folders: readonly string[]) {
  return spawnSync(join(deployFolder, 'validate.sh'), folders, { encoding: 'utf8', timeout: 60_000 });
}

describe.skipIf(needs)('deploy/validate.sh (needs kubectl-validate)', () => {
  it(
    'finds all of deploy/ to be what Kubernetes, the operators and Compose take',
    { timeout: 60_000 },
    () => {
      const { status, stdout } = validate();
      expect(stdout).not.toContain('ERROR');
      expect(stdout.match(/OK$/gm)).toHaveLength(9);
      expect(status).toBe(0);
    },
  );

  it.each([
    ['a field that there is not in a pod', 'restartPolicy: Always', 'restartPolicies: Always'],
    ['a value of another type', 'containerPort: 9921', 'containerPort: admin'],
  ])('refuses %s', { timeout: 60_000 }, (_, right, wrong) => {
    const folder = temporaryDirectory();
    const lines = [
      'apiVersion: apps/v1',
      'kind: Deployment',
      'metadata: { name: app }',
      'spec:',
      '  selector: { matchLabels: { app: app } }',
      '  template:',
      '    metadata: { labels: { app: app } }',
      '    spec:',
      '      containers: [{ name: app, image: app }]',
      '      initContainers: [{ name: side, image: side, restartPolicy: Always, ports: [{ containerPort: 9921 }] }]',
    ];
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [app.yaml]\n');
    writeFileSync(join(folder, 'app.yaml'), lines.join('\n'));
    expect(validate(folder).status).toBe(0);
    writeFileSync(join(folder, 'app.yaml'), lines.join('\n').replace(right, wrong));
    const { status, stdout } = validate(folder);
    expect(stdout).toContain('ERROR');
    expect(status).not.toBe(0);
  });

  it("refuses what an operator's schema does not have", { timeout: 60_000 }, () => {
    const folder = temporaryDirectory();
    const monitor = readFileSync(join(deployFolder, 'kubernetes/monitoring/pod-monitor.yaml'), 'utf8');
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [monitor.yaml]\n');
    writeFileSync(join(folder, 'monitor.yaml'), monitor.replace('sampleLimit:', 'samplesLimit:'));
    const { status, stdout } = validate(folder);
    expect(stdout).toContain('samplesLimit');
    expect(status).not.toBe(0);
  });
});

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { deployFolder, podOf, type Manifest } from './manifests.ts';
import { build } from './render.ts';

describe.skipIf(toolMissing('kustomize'))('the kustomize Component (needs kustomize)', () => {
  it('adds the sidecar to any Deployment, before its own init containers, and leaves the rest', () => {
    const pod = podOf(buildWithComponent(), 'with-all');
    expect(pod.metadata.labels).toEqual({ app: 'with-all', 'mcp-tls-sidecar': 'enabled' });
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['mcp-tls-sidecar', 'migrate']);
    expect(pod.spec.containers).toEqual([
      { name: 'app', image: 'app', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      { name: 'other', image: 'other' },
    ]);
    expect(pod.spec.volumes).toContainEqual({ name: 'data', emptyDir: {} });
    expect(pod.spec.volumes).toHaveLength(5);
  });

  it('and to one that has no init containers and no volumes', () => {
    const pod = podOf(buildWithComponent(), 'bare');
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['mcp-tls-sidecar']);
    expect(pod.spec.volumes).toHaveLength(4);
  });

  it('leaves a Deployment alone that is labelled so', () => {
    expect(podOf(buildWithComponent(), 'opted-out').spec).toEqual({
      containers: [{ name: 'app', image: 'app' }],
    });
  });
});

function buildWithComponent(): Manifest[] {
  const folder = temporaryDirectory();
  cpSync(join(deployFolder, 'kubernetes/component'), join(folder, 'component'), { recursive: true });
  mkdirSync(join(folder, 'use'));
  const kustomization = { resources: ['deployments.yaml'], components: ['../component'] };
  writeFileSync(join(folder, 'use/kustomization.yaml'), JSON.stringify(kustomization));
  const app = { name: 'app', image: 'app' };
  const full = {
    initContainers: [{ name: 'migrate', image: 'migrate' }],
    containers: [
      { ...app, volumeMounts: [{ name: 'data', mountPath: '/data' }] },
      { name: 'other', image: 'other' },
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  };
  const deployments = [
    deployment('with-all', full),
    deployment('bare', { containers: [app] }),
    deployment('opted-out', { containers: [app] }, { 'mcp-tls-sidecar': 'disabled' }),
  ];
  const text = deployments.map((object) => JSON.stringify(object)).join('\n---\n');
  writeFileSync(join(folder, 'use/deployments.yaml'), text);
  return build(join(folder, 'use'));
}

function deployment(name: string, spec: object, labels: Record<string, string> = {}): object {
  const template = { metadata: { labels: { app: name } }, spec };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: { selector: { matchLabels: { app: name } }, template },
  };
}

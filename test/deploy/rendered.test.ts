import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import {
  containerOf,
  deployFolder,
  mountOf,
  parseManifests,
  podOf,
  readAsIn,
  type Container,
  type Manifest,
} from './manifests.ts';

const run = (tool: string, ...args: readonly string[]): Manifest[] =>
  parseManifests(execFileSync(tool, args, { encoding: 'utf8', timeout: 15_000 }));
const build = (folder: string) => run('kustomize', 'build', folder);
const helm = (...values: readonly string[]) =>
  run(
    'helm',
    ...['template', 'litellm', join(import.meta.dirname, 'chart')],
    ...values.flatMap((name) => ['-f', join(deployFolder, 'helm', name)]),
  );

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

describe.skipIf(toolMissing('kustomize'))('an example (needs kustomize)', () => {
  it.each(['base-url', 'connect', 'cert-manager'])(
    '%s keeps the names of what the sidecar reloads, and has it all',
    (name) => {
      const manifests = build(join(deployFolder, 'kubernetes/examples', name));
      const maps = manifests.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name);
      // trust-manager writes that of the last one.
      const trust = name === 'cert-manager' ? [] : ['mcp-tls-sidecar-trust'];
      expect(maps.filter((map) => map.startsWith('mcp-'))).toEqual(['mcp-tls-sidecar', ...trust]);
      expect(maps.find((map) => map.startsWith('litellm-config-'))).toBeDefined();
      const { volumes } = podOf(manifests, 'litellm').spec;
      expect(volumes).toContainEqual({
        name: 'mcp-tls-sidecar-trust',
        configMap: { name: 'mcp-tls-sidecar-trust' },
      });
    },
  );

  it.each(['connect', 'cert-manager'])(
    '%s gives the client the bundle to read, and never the key',
    (name) => {
      const pod = podOf(build(join(deployFolder, 'kubernetes/examples', name)), 'litellm');
      const client = containerOf(pod, 'litellm');
      const volumes = client.volumeMounts?.filter((mount) => mount.name.startsWith('mcp-'));
      expect(volumes).toEqual([expect.objectContaining({ name: 'mcp-tls-sidecar-ca', readOnly: true })]);
      expect(mountOf(client, 'mcp-tls-sidecar-ca')).toBe(
        mountOf(containerOf(pod, 'mcp-tls-sidecar'), 'mcp-tls-sidecar-ca'),
      );
    },
  );

  it('cert-manager mounts the Secret of its Certificate where the configuration names it', () => {
    const manifests = build(join(deployFolder, 'kubernetes/examples/cert-manager'));
    const sidecar = containerOf(podOf(manifests, 'litellm'), 'mcp-tls-sidecar');
    const place = mountOf(sidecar, 'mcp-tls-sidecar-ca-key') ?? 'none';
    const text = manifests.find(({ metadata }) => metadata.name === 'mcp-tls-sidecar')?.data?.['config.yaml'];
    expect(readAsIn(sidecar, text).config?.settings.ca.brought).toEqual({
      certificate: `${place}/tls.crt`,
      key: `${place}/tls.key`,
    });
    const certificate = manifests.find(({ kind }) => kind === 'Certificate')?.spec;
    const { volumes } = podOf(manifests, 'litellm').spec;
    expect(volumes).toContainEqual({
      name: 'mcp-tls-sidecar-ca-key',
      secret: { secretName: certificate?.['secretName'], defaultMode: 0o444 },
    });
  });

  it('the PodMonitor finds the pods and the port, and the rules come along', () => {
    const manifests = build(join(deployFolder, 'kubernetes/monitoring'));
    expect(manifests.map(({ kind }) => kind).sort()).toEqual(['PodMonitor', 'PrometheusRule']);
    const pod = podOf(build(join(deployFolder, 'kubernetes/examples/base-url')), 'litellm');
    const monitor = manifests.find(({ kind }) => kind === 'PodMonitor')?.spec as {
      selector: { matchLabels: Record<string, string> };
      podMetricsEndpoints: { port: string; path: string }[];
    };
    expect(pod.metadata.labels).toMatchObject(monitor.selector.matchLabels);
    const ports = containerOf(pod, 'mcp-tls-sidecar').ports?.map(({ name }) => name);
    expect(ports).toEqual(monitor.podMetricsEndpoints.map(({ port }) => port));
    expect(monitor.podMetricsEndpoints[0]?.path).toBe('/metrics');
  });
});

describe.skipIf(toolMissing('helm'))("the values, in a chart that has LiteLLM's (needs helm)", () => {
  it("mount LiteLLM's configuration a second time, as a directory", () => {
    const pod = podOf(helm('values-litellm.yaml'), 'litellm');
    const sidecar = containerOf(pod, 'mcp-tls-sidecar');
    expect(pod.spec.initContainers).toEqual([sidecar]);
    expect(sidecar.restartPolicy).toBe('Always');
    const mounts = sidecar.volumeMounts?.filter(({ name }) => name === 'litellm-config');
    expect(mounts).toEqual([{ name: 'litellm-config', mountPath: '/etc/mcp-tls-sidecar', readOnly: true }]);
    const names = new Set(pod.spec.volumes.map(({ name }) => name));
    expect(sidecar.volumeMounts?.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  it('lead LiteLLM to the sidecar and the sidecar to the server, by one file', () => {
    const { config, problems } = configOf(helm('values-litellm.yaml'));
    expect(problems).toEqual([]);
    expect(config?.servers.map(({ upstream }) => upstream.authority.host)).toEqual(['mcp.corp.example.com']);
  });

  it('keep the real URL on the CONNECT route, which the client gets the bundle for', () => {
    const manifests = helm('values-litellm.yaml', 'values-litellm-connect.yaml');
    const { config, problems } = configOf(manifests);
    expect(problems).toEqual([]);
    expect(config?.servers.map(({ upstream }) => upstream.path)).toEqual(['/mcp']);
    const pod = podOf(manifests, 'litellm');
    const client = containerOf(pod, 'litellm');
    const bundle = client.env?.find(({ name }) => name === 'SSL_CERT_FILE')?.value;
    expect(bundle).toBe(`${mountOf(client, 'mcp-tls-sidecar-ca') ?? 'none'}/ca-bundle.pem`);
    expect(mountOf(client, 'mcp-tls-sidecar-state')).toBeUndefined();
  });
});

function configOf(manifests: readonly Manifest[]) {
  const sidecar: Container = containerOf(podOf(manifests, 'litellm'), 'mcp-tls-sidecar');
  return readAsIn(sidecar, manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml']);
}

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

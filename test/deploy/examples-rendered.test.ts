import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { containerOf, deployFolder, mountOf, podOf, readAsIn } from './manifests.ts';
import { build } from './render.ts';

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

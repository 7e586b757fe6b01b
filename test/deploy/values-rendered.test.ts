import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { containerOf, mountOf, podOf, readAsIn, type Manifest } from './manifests.ts';
import { renderChart } from './render.ts';

describe.skipIf(toolMissing('helm'))("the values, in a chart that has LiteLLM's (needs helm)", () => {
  it("mount LiteLLM's configuration a second time, as a directory", () => {
    const pod = podOf(renderChart('values-litellm.yaml'), 'litellm');
    const sidecar = containerOf(pod, 'mcp-tls-sidecar');
    expect(pod.spec.initContainers).toEqual([sidecar]);
    expect(sidecar.restartPolicy).toBe('Always');
    const mounts = sidecar.volumeMounts?.filter(({ name }) => name === 'litellm-config');
    expect(mounts).toEqual([{ name: 'litellm-config', mountPath: '/etc/mcp-tls-sidecar', readOnly: true }]);
    const names = new Set(pod.spec.volumes.map(({ name }) => name));
    expect(sidecar.volumeMounts?.filter(({ name }) => !names.has(name))).toEqual([]);
  });

  it('lead LiteLLM to the sidecar and the sidecar to the server, by one file', () => {
    const { config, problems } = configOf(renderChart('values-litellm.yaml'));
    expect(problems).toEqual([]);
    expect(config?.servers.map(({ upstream }) => upstream.authority.host)).toEqual(['mcp.corp.example.com']);
  });

  it('keep the real URL on the CONNECT route, which the client gets the bundle for', () => {
    const manifests = renderChart('values-litellm.yaml', 'values-litellm-connect.yaml');
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
  const sidecar = containerOf(podOf(manifests, 'litellm'), 'mcp-tls-sidecar');
  return readAsIn(sidecar, manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['config.yaml']);
}

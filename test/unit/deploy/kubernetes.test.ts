import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { helpText } from '../../../src/cli/usage.ts';
import { DEFAULT_ADDRESSES } from '../../../src/config/check-listeners.ts';
import { version } from '../../../src/version.ts';
import {
  containerOf,
  deployFolder,
  mountOf,
  podOf,
  readAsIn,
  readDeployed,
  type Manifest,
} from '../../deploy/manifests.ts';

const pod = podOf([readDeployed('kubernetes/component/sidecar.yaml') as Manifest], 'any');
const sidecar = containerOf(pod, 'mcp-tls-sidecar');
const consent = 'mcp_tls_sidecar: { allow_remote_clients: true, unlisted_hosts: deny }';

describe('the container of the kustomize Component', () => {
  it('is a native sidecar: an init container that goes on', () => {
    expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(['mcp-tls-sidecar']);
    expect(sidecar.restartPolicy).toBe('Always');
    expect(pod.spec.containers).toBeUndefined();
  });

  it('is of the version of this package', () => {
    expect(sidecar.image).toBe(`mcp-tls-sidecar:${version}`);
  });

  it('mounts its configuration where the program looks for it', () => {
    const folder = mountOf(sidecar, 'mcp-tls-sidecar-config') ?? 'none';
    expect(helpText).toContain(`else ${folder}/config.yaml, else`);
  });

  it('listens on the default ports, the admin pages on the address of the pod', () => {
    const { config } = readAsIn(sidecar, consent);
    expect(config?.settings.listen).toEqual([DEFAULT_ADDRESSES.listen]);
    expect(config?.settings.admin).toEqual({ host: '0.0.0.0', port: DEFAULT_ADDRESSES.admin.port });
    expect(sidecar.ports).toEqual([{ name: 'sidecar-admin', containerPort: DEFAULT_ADDRESSES.admin.port }]);
  });

  it('says what is missing where the configuration does not consent to that', () => {
    expect(readAsIn(sidecar).problems.map(({ message }) => message)).toEqual([
      '--admin 0.0.0.0:9921 is not a loopback address, which needs allow_remote_clients: true',
    ]);
  });

  it('mounts volumes at the defaults of ca.directory and ca.state_directory', () => {
    const { directory, stateDirectory } = readAsIn(sidecar, consent).config?.settings.ca ?? {};
    expect(mountOf(sidecar, 'mcp-tls-sidecar-ca')).toBe(directory);
    expect(mountOf(sidecar, 'mcp-tls-sidecar-state')).toBe(stateDirectory);
    const kinds = Object.fromEntries(pod.spec.volumes.map(({ name, ...kind }) => [name, kind]));
    expect(kinds['mcp-tls-sidecar-ca']).toHaveProperty('emptyDir');
    expect(kinds['mcp-tls-sidecar-state']).toHaveProperty('emptyDir.medium', 'Memory');
  });

  it('has all three probes at the named port, and the time to start', () => {
    const probes = [sidecar.startupProbe, sidecar.readinessProbe, sidecar.livenessProbe];
    expect(probes.map((probe) => probe?.httpGet)).toEqual([
      { path: '/readyz', port: 'sidecar-admin' },
      { path: '/readyz', port: 'sidecar-admin' },
      { path: '/livez', port: 'sidecar-admin' },
    ]);
    const { failureThreshold = 3, periodSeconds = 10 } = sidecar.startupProbe ?? {};
    expect(failureThreshold * periodSeconds).toBeGreaterThanOrEqual(30);
  });

  it('fulfils the restricted Pod Security Standard, with a root file system that is read only', () => {
    expect(sidecar.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const types = pod.spec.volumes.flatMap((volume) => Object.keys(volume));
    expect([...new Set(types)].sort()).toEqual(['configMap', 'emptyDir', 'name']);
  });

  it('asks for resources, and is limited in memory alone', () => {
    expect(Object.keys(sidecar.resources?.['requests'] ?? {})).toEqual(['cpu', 'memory']);
    expect(Object.keys(sidecar.resources?.['limits'] ?? {})).toEqual(['memory']);
  });
});

describe('every configuration in deploy/', () => {
  const files = globSync('{kubernetes/examples/*/sidecar.yaml,compose/sidecar/config.yaml}', {
    cwd: deployFolder,
  });

  it.each(files)('%s is one that the sidecar takes without a word', (file) => {
    const { config, problems } = readAsIn(sidecar, readFileSync(join(deployFolder, file), 'utf8'));
    expect(problems).toEqual([]);
    expect(config?.servers.map(({ name, sslVerify }) => [name, sslVerify])).toEqual([
      ['my_mcp_server', { kind: 'path', path: '/etc/mcp-tls-sidecar-trust/ca-bundle.pem' }],
    ]);
  });

  it('are the four that are shown', () => {
    expect(files).toHaveLength(4);
  });

  it('and every manifest mounts directories, never files by subPath', () => {
    const manifests = globSync('{kubernetes,helm}/**/*.yaml', { cwd: deployFolder });
    expect(manifests.length).toBeGreaterThan(20);
    for (const file of manifests)
      expect(readFileSync(join(deployFolder, file), 'utf8'), file).not.toMatch(/^[^#]*subPath(Expr)?:/m);
  });
});

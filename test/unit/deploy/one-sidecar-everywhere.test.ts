import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config/read-config.ts';
import {
  containerOf,
  deployFolder,
  podOf,
  readAsIn,
  readDeployed,
  type Container,
  type Manifest,
} from '../../deploy/manifests.ts';

const read = (file: string) => readFileSync(join(deployFolder, file), 'utf8');
const component = podOf([readDeployed('kubernetes/component/sidecar.yaml') as Manifest], 'any');
const sidecar = containerOf(component, 'mcp-tls-sidecar');
const settings = readConfig({ file: undefined, bytes: Buffer.from('{}'), env: {} }).config?.settings;
const seconds = (text: string) => Number(/^(\d+)s?$/.exec(text)?.[1]);

describe("the values for LiteLLM's chart", () => {
  const values = readDeployed('helm/values-litellm.yaml') as {
    podLabels: Record<string, string>;
    extraInitContainers: Container[];
    volumes: { name: string }[];
  };

  it('have the container of the Component, but for the image and the volume of the configuration', () => {
    const image = 'registry.example.com/mcp-tls-sidecar:0.1.0';
    const volumeMounts = sidecar.volumeMounts?.map((mount) =>
      mount.name === 'mcp-tls-sidecar-config' ? { ...mount, name: 'litellm-config' } : mount,
    );
    expect(values.extraInitContainers).toEqual([{ ...sidecar, image, volumeMounts }]);
  });

  it('have its label and its other volumes', () => {
    expect(values.podLabels).toEqual(component.metadata.labels);
    expect(values.volumes).toEqual(
      component.spec.volumes.filter(({ name }) => name !== 'mcp-tls-sidecar-config'),
    );
  });

  it('name the proxy and the bundle of that container for the CONNECT route', () => {
    const { envVars } = readDeployed('helm/values-litellm-connect.yaml') as {
      envVars: Record<string, string>;
    };
    expect(envVars).toEqual(clientEnvironment());
  });
});

describe('a client of the CONNECT route', () => {
  const client = podOf([readDeployed('kubernetes/examples/connect/client.yaml') as Manifest], 'litellm');

  it('has the proxy and the bundle of the sidecar of its pod', () => {
    const { env = [], volumeMounts } = containerOf(client, 'litellm');
    expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toEqual(clientEnvironment());
    const mountPath = readAsIn(sidecar).legible?.settings.ca.directory;
    expect(volumeMounts).toEqual([{ name: 'mcp-tls-sidecar-ca', mountPath, readOnly: true }]);
  });
});

describe('the service of Compose', () => {
  const services = (readDeployed('compose/compose.yaml') as { services: Record<string, Compose> }).services;
  const service = services['sidecar'];

  it("shares LiteLLM's network and runs as the container in Kubernetes does", () => {
    expect(service).toMatchObject({
      network_mode: 'service:litellm',
      command: sidecar.args,
      working_dir: sidecar.workingDir,
      environment: Object.fromEntries((sidecar.env ?? []).map(({ name, value }) => [name, value])),
      image: sidecar.image,
      user: '65532:65532',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    const places = service?.volumes.map((volume) => volume.split(':')[1]);
    expect(sidecar.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(
      expect.arrayContaining(places ?? []),
    );
  });

  it('is not killed before it has drained', () => {
    expect(seconds(service?.stop_grace_period ?? '') * 1000).toBeGreaterThan(
      settings?.timeouts.drainMs ?? NaN,
    );
  });

  it('publishes ports to this machine alone', () => {
    const ports = Object.values(services).flatMap((one) => one.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });
});

describe('the unit of systemd', () => {
  const unit = read('systemd/mcp-tls-sidecar.service');
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

  it('has the directories that it is given by systemd for those of the CA', () => {
    const env = { STATE_DIRECTORY: `/var/lib/${value('StateDirectory')}` };
    const workingDirectory = value('WorkingDirectory');
    expect(workingDirectory).toBe(`/run/${value('RuntimeDirectory')}`);
    const ca = readConfig({ file: undefined, bytes: Buffer.from('{}'), env, workingDirectory }).config
      ?.settings.ca;
    expect(ca?.stateDirectory).toBe('/var/lib/mcp-tls-sidecar');
    expect(unit).toContain(`${ca?.directory ?? 'none'}/ca-bundle.pem`);
  });

  it('is not killed before it has drained', () => {
    expect(seconds(value('TimeoutStopSec')) * 1000).toBeGreaterThan(settings?.timeouts.drainMs ?? NaN);
  });
});

describe('the image', () => {
  const dockerfile = readFileSync(join(deployFolder, '../Dockerfile'), 'utf8');

  it('has the user, the places and the version that the container is given', () => {
    const { runAsUser, runAsGroup } = sidecar.securityContext ?? {};
    expect(dockerfile).toMatch(new RegExp(`^USER ${String(runAsUser)}:${String(runAsGroup)}$`, 'm'));
    expect(dockerfile).toMatch(new RegExp(`^WORKDIR ${sidecar.workingDir ?? 'none'}$`, 'm'));
    const state = sidecar.env?.find(({ name }) => name === 'STATE_DIRECTORY')?.value;
    expect(dockerfile).toMatch(new RegExp(`STATE_DIRECTORY=${state ?? 'none'}$`, 'm'));
    expect(dockerfile).toMatch(/^CMD \["serve"\]$/m);
    expect(sidecar.args?.[0]).toBe('serve');
  });

  it('has the command that the pages run in it, for there is no shell', () => {
    const program = /^HEALTHCHECK[^[]*\[(.*), "health"\]$/m.exec(dockerfile)?.[1]?.replace(/[",]+/g, '');
    expect(program).toMatch(/node .*main\.js$/);
    for (const page of ['docs/kubernetes.md', 'docs/compose.md'])
      expect(read(`../${page}`)).toContain(`${program ?? 'none'} doctor --mcp`);
  });
});

interface Compose {
  readonly volumes: string[];
  readonly ports?: string[];
  readonly stop_grace_period?: string;
}

function clientEnvironment(): Record<string, string> {
  const { listen, ca } = readAsIn(sidecar).legible?.settings ?? {};
  const [address] = listen ?? [];
  return {
    HTTPS_PROXY: `http://${address?.host ?? ''}:${address?.port ?? 0}`,
    NO_PROXY: '127.0.0.1,localhost,::1,169.254.169.254,metadata.google.internal,.svc,.cluster.local',
    SSL_CERT_FILE: `${ca?.directory ?? ''}/ca-bundle.pem`,
  };
}

import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { ask } from '../harness/ask.ts';
import { poll } from '../harness/poll.ts';
import { startSidecar } from '../harness/sidecar-process.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { startUpstream } from '../harness/tls-upstream.ts';
import { mountConfigMap, type ConfigMap } from '../integration/reload/config-map.ts';
import { containerOf, deployFolder, podOf, readDeployed, type Manifest } from './manifests.ts';

const pod = podOf([readDeployed('kubernetes/component/sidecar.yaml') as Manifest], 'any');
const container = containerOf(pod, 'mcp-tls-sidecar');

describe('in volumes as kubelet makes them, with the configuration of an example,', () => {
  it('the sidecar is ready at every probe, and the pages are there for the address of the pod', async () => {
    const { sidecar } = await startInPod('base-url');
    for (const { httpGet } of probes()) {
      const response = await fetch(`${sidecar.adminUrl}${httpGet.path}`, {
        headers: { host: '10.244.1.7:9921' },
      });
      expect([httpGet.path, response.status]).toEqual([httpGet.path, 200]);
    }
    expect((await fetch(`${sidecar.adminUrl}/metrics`)).status).toBe(200);
    const status = await fetch(`${sidecar.adminUrl}/api/servers`, { headers: { host: '10.244.1.7:9921' } });
    expect(status.status).toBe(403);
    expect(sidecar.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('it publishes its CA to the other containers, and keeps the key from them', async () => {
    const { sidecar, volumes } = await startInPod('connect');
    expect(statSync(sidecar.caBundle).mode & 0o777).toBe(0o644);
    const state = join(volumes.state, 'ca');
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(readFileSync(sidecar.caBundle, 'utf8')).not.toContain('PRIVATE KEY');
    expect(sidecar.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('it publishes the CA of a Secret, as cert-manager writes it', async () => {
    const ca = createCa({ name: 'mcp-tls-sidecar CA' });
    const { sidecar } = await startInPod('cert-manager', {
      'tls.crt': ca.pem,
      'tls.key': ca.key,
      'ca.crt': ca.pem,
    });
    const published = new X509Certificate(readFileSync(sidecar.caBundle));
    expect(published.subject).toContain('CN=mcp-tls-sidecar CA');
    expect(sidecar.logs.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it('it takes up the corporate CA that a changed ConfigMap brings, without a restart', async () => {
    const [old, next] = [createCa(), createCa()];
    const upstream = await startUpstream({ leaf: next.issue('localhost') });
    const { sidecar, trust } = await startInPod('base-url', undefined, {
      upstream: upstream.port,
      pem: old.pem,
    });
    const call = () => ask(sidecar.proxy, '/my_mcp_server/mcp', { body: '{}' });
    expect((await call()).header('proxy-status')).toContain('tls_cert_issuer_unknown');
    trust.update({ 'ca-bundle.pem': next.pem });
    await poll(async () => (await call()).status === 200, { timeoutMs: 12_000, what: 'the new CA' });
    expect(await sidecar.metric('mcp_tls_sidecar_config_reloads_total', { result: 'failure' })).toBe(0);
  });
});

const probes = () =>
  [container.startupProbe, container.readinessProbe, container.livenessProbe].filter(
    (probe) => probe !== undefined,
  );

async function startInPod(
  example: string,
  secret?: Readonly<Record<string, string>>,
  server?: { upstream: number; pem: string },
) {
  const folder = temporaryDirectory();
  const volumes = { run: join(folder, 'run'), state: join(folder, 'state') };
  const published = join(volumes.run, 'mcp-tls-sidecar-ca');
  mkdirSync(volumes.run);
  for (const empty of [published, volumes.state]) {
    mkdirSync(empty);
    // As an emptyDir is, whoever runs in the pod; with fsGroup it has the bit for the group too.
    chmodSync(empty, 0o2777);
  }
  const pem =
    server?.pem ?? readFileSync(join(deployFolder, 'kubernetes/examples/base-url/ca-bundle.pem'), 'utf8');
  const trust: ConfigMap = mountConfigMap(join(folder, 'trust'), { 'ca-bundle.pem': pem });
  if (secret !== undefined) mountConfigMap(join(folder, 'secret'), secret);
  const text = readFileSync(join(deployFolder, 'kubernetes/examples', example, 'sidecar.yaml'), 'utf8')
    .replaceAll('/etc/mcp-tls-sidecar-trust', join(folder, 'trust'))
    .replaceAll('/etc/mcp-tls-sidecar-ca', join(folder, 'secret'))
    .replaceAll(
      'mcp.corp.example.com',
      server === undefined ? 'mcp.corp.example.com' : `localhost:${server.upstream}`,
    );
  const config = mountConfigMap(join(folder, 'config'), { 'config.yaml': text });
  const env = { STATE_DIRECTORY: volumes.state };
  // Any port, for there may be others; the address is that of the container.
  const args = ['--admin', '0.0.0.0:0'];
  const sidecar = await startSidecar({ configFile: config.path('config.yaml'), args, cwd: volumes.run, env });
  return { sidecar, volumes, trust };
}

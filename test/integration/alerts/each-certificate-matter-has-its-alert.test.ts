import { expect, it } from 'vitest';
import { configText } from '../../harness/config-text.ts';
import { toolMissing } from '../../harness/require-tool.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { localCaFor, startCertificateMatters } from './certificate-matters.ts';
import { startMonitoring } from './monitoring.ts';
import { startSteadyClient } from './steady-client.ts';

const missing = ['prometheus', 'prometheus-alertmanager'].map(toolMissing).includes(true);
const patience = { timeout: 90_000, interval: 200 };

/** By sidecar and server, with the alert and its reason. There is nothing of `fine`, which is called too. */
const told = [
  'first LocalCaExpires',
  'first ReloadFailing',
  'first broken ServerUnusable',
  'first exception InsecureExceptionEnds',
  'first exception VerificationDisabled',
  'first lapsed CertificateExpired',
  'first lapsed-in-use CertificateExpired',
  'first loose VerificationDisabled',
  'first nearly CertificateExpiresInDays',
  'first old-anchor CaBundleExpires',
  'first old-root CertificateExpires',
  'first soon CertificateExpires',
  'first stale ServerStale',
  'second LocalCaExpiresInDays',
];
const inhibited = 'first lapsed-in-use HandshakesFailing tls_cert_expired';
/** What Prometheus holds besides. */
const untold = [
  inhibited,
  'first flawed StrictDefect missing_authority_key_identifier (pending for an hour)',
];

it.skipIf(missing)(
  'each certificate matter has its alert, and a server that is well has none (needs prometheus, prometheus-alertmanager)',
  { timeout: 180_000 },
  async () => {
    const { servers, lapseIn, spoil } = await startCertificateMatters();
    const first = await startInProcess({ config: configText(servers, { ca: localCaFor(10) }) });
    const second = await startInProcess({ config: configText({}, { ca: localCaFor(2) }) });
    const { alerts, suppressed, received } = await startMonitoring([first.admin, second.admin]);
    const lines = (all: readonly Told[]) =>
      all.map((one) => lineOf(one, { [first.admin]: 'first', [second.admin]: 'second' })).sort();

    lapseIn(6_000);
    expect(await callEach(first.proxyUrl, Object.keys(servers))).toEqual(['broken']);
    for (const server of ['fine', 'lapsed-in-use']) startSteadyClient(`${first.proxyUrl}/${server}/mcp`);
    spoil();

    await expect.poll(async () => lines(await alerts()), patience).toEqual([...told, ...untold].sort());
    await expect.poll(async () => lines(await suppressed()), patience).toEqual([inhibited]);
    await expect.poll(() => [...new Set(lines(received))], patience).toEqual(told);
    const { annotations } = received.find(({ labels }) => labels['server'] === 'loose') ?? {};
    expect(annotations?.['description']).toContain('would have refused it for tls_cert_issuer_unknown.');
  },
);

/** Calls each server once; returns those that did not answer well. */
async function callEach(proxyUrl: string, servers: readonly string[]): Promise<string[]> {
  const signal = AbortSignal.timeout(10_000);
  const answers = servers.map(async (server) => {
    const { ok } = await fetch(`${proxyUrl}/${server}/mcp`, { signal });
    return ok ? [] : [server];
  });
  return (await Promise.all(answers)).flat();
}

interface Told {
  readonly state?: string;
  readonly labels: Readonly<Record<string, string>>;
}

function lineOf({ state, labels }: Told, sidecars: Readonly<Record<string, string>>): string {
  const { alertname = '', instance = '', server, reason, defect } = labels;
  const about = [sidecars[instance], server, alertname.replace('McpTlsSidecar', ''), reason ?? defect];
  return [...about, state === 'pending' && '(pending for an hour)'].filter(Boolean).join(' ');
}

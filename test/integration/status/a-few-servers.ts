import { join } from 'node:path';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { ask } from '../../harness/ask.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import {
  statusDocument,
  type ServerStatus,
  type StatusDocument,
} from '../../../src/status/status-document.ts';

/** A name that would run if any page took it for markup. */
const hostileName = `<img src=x onerror="document.title='owned'"><b>bold</b>`;
/** In the configuration, and to be seen nowhere else. */
export const secret = 'hunter2-hunter2';

const inDays = (days: number) => new Date(Date.now() + (days + 0.5) * 86_400_000);

const corporate = createCa({ name: 'Corporate Root CA' });
const stranger = createCa({ name: 'Lab Root CA' });
const hostile = createCa({ name: `${hostileName} CA` });

export const corporatePem = corporate.pem;
export const strangerPem = stranger.pem;
export const leaves = {
  good: corporate.issue('jira.corp.test', { notAfter: inDays(80) }),
  expired: corporate.issue('billing.corp.test', { notAfter: inDays(-3) }),
  soon: corporate.issue('search.corp.test', { notAfter: inDays(6) }),
  strange: stranger
    .intermediate({ name: 'Lab Issuing CA' })
    .issue('lab.corp.test', { notAfter: inDays(200) }),
  hostile: hostile.issue('vendor.test', { commonName: hostileName, notAfter: inDays(300) }),
  renewed: corporate.issue('billing.corp.test', { notAfter: inDays(90) }),
} satisfies Record<string, Leaf>;

export interface FewServers {
  readonly sidecar: InProcessSidecar;
  readonly billing: Upstream;
  /** The configuration, with the trust of `lab` as it is given. */
  readonly configText: (labTrust: string) => string;
  readonly servers: Readonly<Record<string, Upstream>>;
}

/** A sidecar before servers of which each has something else to tell. None has been called yet. */
export async function startFewServers(): Promise<FewServers> {
  const [jira, billing, search, lab, vendor] = (await Promise.all(
    [leaves.good, leaves.expired, leaves.soon, leaves.strange, leaves.hostile].map((leaf) =>
      startUpstream({ leaf }),
    ),
  )) as [Upstream, Upstream, Upstream, Upstream, Upstream];
  const missing = join(temporaryDirectory(), 'ca.pem');
  const url = (host: string, { port }: Upstream) => `https://${host}:${port}/mcp?key=${secret}`;
  const configText = (labTrust: string) =>
    JSON.stringify({
      mcp_servers: {
        jira: { url: url('jira.corp.test', jira), headers: { Authorization: `Bearer ${secret}` } },
        billing: { url: url('billing.corp.test', billing) },
        search: { url: url('search.corp.test', search) },
        lab: { url: url('lab.corp.test', lab), ssl_verify: labTrust },
        vendor: {
          url: url('vendor.test', vendor),
          ssl_verify: false,
          tls: { insecure_until: '2099-01-01T00:00:00Z', insecure_reason: 'the vendor renews it in spring' },
        },
        wiki: { url: 'https://wiki.corp.test/mcp' },
        archive: { url: 'https://archive.corp.test/mcp', ssl_verify: missing },
      },
      mcp_tls_sidecar: { ssl_verify: corporatePem, hosts: { '*.internal.test': {}, 'pypi.test': 'tunnel' } },
    });
  const sidecar = await startInProcess({ config: configText(corporatePem) });
  return { sidecar, billing, configText, servers: { jira, billing, search, lab, vendor } };
}

/** Calls servers once, by their base URLs. */
export async function callAll({ sidecar }: FewServers, names: readonly string[]): Promise<void> {
  for (const name of names) await ask(sidecar.proxy, `/${name}/mcp`);
}

/** What `/api/servers` says, held to its schema. */
export async function readStatus({ adminUrl }: InProcessSidecar): Promise<StatusDocument> {
  const response = await fetch(`${adminUrl}/api/servers`);
  return statusDocument.parse(await response.json());
}

export function find({ servers }: StatusDocument, wanted: string): ServerStatus {
  const found = servers.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no server ${wanted}`);
  return found;
}

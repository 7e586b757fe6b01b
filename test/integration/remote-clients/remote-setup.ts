import { writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { start } from '../../../src/app.ts';
import type { Lookup } from '../../../src/upstream/resolve.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { connectTo } from '../../harness/open-tunnel.ts';
import { parseResponses, type RawResponse } from '../../harness/parse-responses.ts';
import { caDirectoryIn } from '../../harness/published-ca.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import { logCollector, sidecarAt, type Sidecar } from '../../harness/sidecar.ts';
import { loopbackLookup } from '../../harness/start-in-process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** An address of this machine beyond loopback: who connects to it comes from it. Nothing leaves the machine. */
const ownAddress = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ address, internal }) => !internal && isIPv4(address))?.address;

/** Whether nobody can be remote here. */
export const remoteMissing = ownAddress === undefined;

/** One sidecar, as it is reached from two places. */
export interface SharedSidecar {
  readonly local: Sidecar;
  readonly remote: Sidecar;
  readonly proxyPort: number;
  readonly adminPort: number;
  readonly writeConfig: (settings: Settings, servers?: Servers) => void;
  readonly drain: () => Promise<void>;
}

type Settings = Readonly<Record<string, unknown>>;
type Servers = Readonly<Record<string, object>>;

/** Starts a sidecar that serves clients on other machines too. */
export async function startShared(
  servers: Servers,
  settings: Settings = {},
  { lookup = loopbackLookup, host = '0.0.0.0' }: { lookup?: Lookup; host?: string } = {},
): Promise<SharedSidecar> {
  const directory = temporaryDirectory();
  const file = join(directory, 'config.yaml');
  const place = host.includes(':') ? `[${host}]:0` : `${host}:0`;
  const writeConfig = (changed: Settings, changedServers = servers) => {
    const shared = { listen: place, admin: place, allow_remote_clients: true, unlisted_hosts: 'deny' };
    writeFileSync(file, configText(changedServers, { ...shared, ...changed }));
  };
  writeConfig(settings);
  const { logs, write } = logCollector();
  const running = await start({
    file,
    workingDirectory: directory,
    env: { HOME: directory, XDG_STATE_HOME: join(directory, 'state') },
    lookup,
    logDestination: { write },
  });
  cleanUp(() => running.close());
  const port = (of: string) => Number(/\d+$/.exec(of)?.[0]);
  const at = (address: string) =>
    sidecarAt(
      { proxy: `${address}:${port(running.proxy)}`, admin: `${address}:${port(running.admin)}` },
      caDirectoryIn(directory),
      logs,
    );
  return {
    local: at('127.0.0.1'),
    remote: at(ownAddress ?? ''),
    proxyPort: port(running.proxy),
    adminPort: port(running.admin),
    writeConfig,
    drain: () => running.drain(),
  };
}

/** Sends bytes to a proxy until it ends the connection, and reads the responses. */
export async function exchangeRaw(
  { proxy }: Sidecar,
  bytes: string,
  until?: (received: string) => boolean,
): Promise<RawResponse[]> {
  const received = await sendRaw({ socket: connectTo(proxy), bytes, ...(until && { until }) });
  return parseResponses(received);
}

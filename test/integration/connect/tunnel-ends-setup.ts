import type { Socket } from 'node:net';
import { configText } from '../../harness/config-text.ts';
import type { Listening } from '../../harness/listen.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { poll } from '../../harness/poll.ts';
import { startRawTcp } from '../../harness/raw-upstream.ts';
import type { LogLine, Sidecar } from '../../harness/sidecar.ts';
import { startInProcess, type InProcessSidecar } from '../../harness/start-in-process.ts';
import { rawClient, type RawClient } from '../relay/raw-client.ts';

export const server = 'unlisted';

/** A server without TLS, of which a test decides every byte, and which ends no direction by itself. */
export interface Far extends Listening {
  readonly peers: readonly RawClient[];
  /** Its first connection. */
  readonly peer: () => Promise<RawClient>;
}

export async function startFar(onConnection: (socket: Socket) => void = () => undefined): Promise<Far> {
  const peers: RawClient[] = [];
  const listening = await startRawTcp((socket) => {
    peers.push(rawClient({ socket, tcp: socket }));
    onConnection(socket);
  });
  return Object.assign(listening, {
    peers,
    peer: () => poll(() => peers[0], { what: 'a connection', everyMs: 2 }),
  });
}

/** A blind tunnel that stands. */
export interface OpenTunnel {
  readonly sidecar: InProcessSidecar;
  readonly far: Far;
  readonly authority: string;
  readonly client: RawClient;
  readonly peer: RawClient;
}

/** Opens a blind tunnel through a sidecar, unlisted unless the settings say otherwise. */
export async function startTunnel(
  settings: (authority: string) => Readonly<Record<string, unknown>> = () => ({}),
): Promise<OpenTunnel> {
  const far = await startFar();
  const authority = `far.test:${far.port}`;
  const sidecar = await startInProcess({ config: configText({}, settings(authority)) });
  const client = await tunnelTo(sidecar, authority);
  return { sidecar, far, authority, client, peer: await far.peer() };
}

/** @throws where it is refused */
export async function tunnelTo({ proxy }: Pick<Sidecar, 'proxy'>, authority: string): Promise<RawClient> {
  const { response, socket } = await openTunnel(proxy, authority);
  if (response.status !== 200) throw new Error(`the CONNECT was answered with ${response.status}`);
  socket.allowHalfOpen = true;
  return rawClient({ socket, tcp: socket });
}

/** What a label has open, by the sidecar's own word. */
export async function openCounts(
  sidecar: Sidecar,
  label = server,
): Promise<{ streams: number; connections: number }> {
  const value = async (name: string) =>
    (await sidecar.metric(`mcp_tls_sidecar_${name}`, { server: label })) ?? 0;
  return { streams: await value('open_streams'), connections: await value('open_connections') };
}

export async function untilNothingIsOpen(sidecar: Sidecar, label = server): Promise<void> {
  const nothing = JSON.stringify({ streams: 0, connections: 0 });
  await poll(async () => JSON.stringify(await openCounts(sidecar, label)) === nothing, {
    what: 'nothing open',
  });
}

/** The log lines of what was asked. */
export function outcomes(sidecar: Sidecar): readonly LogLine[] {
  return sidecar.logs.filter(({ msg }) => msg === 'request' || msg === 'request failed');
}

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { cleanUp } from './clean-up.ts';
import { listen } from './listen.ts';
import { toolMissing } from './require-tool.ts';
import { endNow } from './run-command.ts';
import { sidecarAt, type Sidecar } from './sidecar.ts';
import { startSidecar } from './sidecar-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/**
 * How names are resolved in a namespace: `nxdomain` by a server that knows none, `refused` by an address that nobody
 * listens on, `silent` by one that drops what comes.
 */
export type Resolver = 'nxdomain' | 'refused' | 'silent';

const resolverAddresses = { nxdomain: '127.0.0.1', refused: '127.0.0.1', silent: '10.9.0.53' } as const;

/** Addresses of the namespace that {@link startInNamespace} makes, by what comes of a connection to them. */
export const addressesOfNamespace = {
  /** On a link whose other end drops everything. */
  silent: '10.9.0.2',
  unreachable: '10.9.1.1',
  blackhole: '10.9.2.1',
  prohibit: '10.9.3.1',
  withoutRoute: '10.10.0.1',
} as const;

/** Whether namespaces can be made here: it takes root. A missing `ip` is reported as any missing tool. */
export function namespacesMissing(): boolean {
  if (toolMissing('ip')) return true;
  const name = newName();
  try {
    ip('netns', 'add', name);
    ip('netns', 'del', name);
    return false;
  } catch {
    return true;
  }
}

let made = 0;
const newName = () => `mcp-tls-test-${process.pid}-${++made}`;
const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: 'pipe', timeout: 10_000 });

/** Runs the real command in a network namespace of its own, with its own resolver, routes and loopback. */
export async function startInNamespace(options: {
  readonly config: string;
  readonly resolver?: Resolver;
  /** Further addresses of the namespace's loopback. */
  readonly addresses?: readonly string[];
}): Promise<Sidecar> {
  const { config, resolver = 'refused', addresses = [] } = options;
  const name = makeNamespace(resolver, addresses);
  const prefix = ['ip', 'netns', 'exec', name];
  const inside = await startSidecar({ config, prefix });
  const directory = temporaryDirectory();
  const doors = [inside.proxy, inside.admin].map((place, index) => ({
    path: join(directory, `${index}.sock`),
    port: new URL(`http://${place}`).port,
  }));
  await runChild(
    [...prefix, process.execPath],
    [resolver, ...doors.map(({ path, port }) => `${path}=${port}`)],
  );
  const [proxy = '', admin = ''] = await Promise.all(doors.map(({ path }) => openDoor(path)));
  return sidecarAt({ proxy, admin }, dirname(inside.caBundle), inside.logs);
}

function makeNamespace(resolver: Resolver, addresses: readonly string[]): string {
  const name = newName();
  const configuration = `/etc/netns/${name}`;
  ip('netns', 'add', name);
  cleanUp(() => {
    ip('netns', 'del', name);
    rmSync(configuration, { recursive: true, force: true });
  });
  mkdirSync(configuration, { recursive: true });
  const lines = [`nameserver ${resolverAddresses[resolver]}`, 'options timeout:20 attempts:1'];
  writeFileSync(join(configuration, 'resolv.conf'), `${lines.join('\n')}\n`);
  const inside = (...args: readonly string[]) => ip('-n', name, ...args);
  inside('link', 'set', 'lo', 'up');
  // Without ARP nobody has to be there for a packet to leave, and at the other end nobody is.
  inside('link', 'add', 'silent0', 'type', 'veth', 'peer', 'name', 'silent1');
  inside('link', 'set', 'silent0', 'arp', 'off', 'up');
  inside('link', 'set', 'silent1', 'up');
  inside('address', 'add', '10.9.0.1/24', 'dev', 'silent0');
  for (const [index, type] of ['unreachable', 'blackhole', 'prohibit'].entries())
    inside('route', 'add', type, `10.9.${index + 1}.0/24`);
  for (const address of addresses) inside('address', 'add', `${address}/32`, 'dev', 'lo');
  return name;
}

async function runChild(prefix: readonly string[], args: readonly string[]): Promise<void> {
  const [file = '', ...rest] = prefix;
  const script = fileURLToPath(new URL('namespace-child.ts', import.meta.url));
  const child = spawn(file, [...rest, script, ...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  cleanUp(() => endNow(child));
  const failed = once(child, 'exit').then(() => {
    throw new Error('the process inside the namespace ended');
  });
  failed.catch(() => undefined);
  await Promise.race([once(child, 'message'), failed]);
}

/** @returns `host:port` out here of what listens behind a Unix socket */
async function openDoor(path: string): Promise<string> {
  const server = createServer((socket) => {
    const inner = connect(path);
    pipeline(socket, inner, socket, () => undefined);
  });
  return (await listen(server)).authority;
}

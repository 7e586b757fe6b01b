import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { join } from 'node:path';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import { cleanUp } from './clean-up.ts';
import { listen, type Listening } from './listen.ts';
import { poll } from './poll.ts';
import { endNow } from './run-command.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A real forward proxy, as companies run one. */
export interface CorporateProxy {
  readonly port: number;
  /** `127.0.0.1:port`. */
  readonly authority: string;
  /** What it wrote of what it did: a line a request once that is over. */
  readonly accessLog: () => string;
  /** Ends it at once, with all of its tunnels. */
  readonly kill: () => Promise<void>;
}

export interface CorporateProxyOptions {
  /** Basic credentials that it asks for with 407. tinyproxy takes letters and digits only. */
  readonly login?: { readonly name: string; readonly password: string };
  /** Host names that it refuses with 403. */
  readonly denied?: readonly string[];
}

export type CorporateProxyKind = 'squid' | 'tinyproxy';

/** Both are Debian packages, for `toolMissing`. */
export const corporateProxies: readonly CorporateProxyKind[] = ['squid', 'tinyproxy'];

/** Runs Squid or tinyproxy on an ephemeral port of loopback. Names are resolved by the system there: `localhost`, or none. */
export async function startCorporateProxy(
  kind: CorporateProxyKind,
  options: CorporateProxyOptions = {},
): Promise<CorporateProxy> {
  // A port that was free a moment ago may be taken by the time the proxy listens: then another one is tried.
  for (let attempt = 0; attempt < 5; attempt++) {
    const port = await freePort();
    const directory = temporaryDirectory();
    const log = join(directory, 'access.log');
    writeFileSync(log, '');
    // Squid that root starts becomes another user, who must read and write here.
    chmodSync(directory, 0o755);
    chmodSync(log, 0o666);
    const child = start(kind, { directory, port, log, ...options });
    cleanUp(() => endNow(child));
    if (!(await comesUp(child, port))) continue;
    return {
      port,
      authority: `127.0.0.1:${port}`,
      accessLog: () => readFileSync(log, 'utf8'),
      kill: () => endNow(child),
    };
  }
  throw new Error(`${kind} did not come up`);
}

/** TLS in front of a proxy: what `upstream_proxy: https://…` talks to. */
export function startTlsBefore({ port }: CorporateProxy, leaf: Leaf): Promise<Listening> {
  const server = createTlsServer({ cert: leaf.chain, key: leaf.key }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    pipeline(socket, inner, socket, () => undefined);
  });
  return listen(server);
}

interface StartOptions extends CorporateProxyOptions {
  readonly directory: string;
  readonly port: number;
  readonly log: string;
}

function start(kind: CorporateProxyKind, options: StartOptions): ChildProcess {
  const configuration = join(options.directory, `${kind}.conf`);
  const lines = kind === 'squid' ? squid(options) : tinyproxy(options);
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  if (kind === 'tinyproxy') return spawn(kind, ['-d', '-c', configuration], { stdio: 'ignore' });
  // Squids of one name share segments of memory, which outlive one that is killed.
  const name = `mcptls${options.port}`;
  cleanUp(() => {
    for (const segment of globSync(`/dev/shm/${name}-*`)) rmSync(segment, { force: true });
  });
  return spawn(kind, ['-N', '-n', name, '-f', configuration], { stdio: 'ignore' });
}

function squid({ directory, port, log, login, denied = [] }: StartOptions): string[] {
  return [
    `http_port 127.0.0.1:${port}`,
    ...(login === undefined ? [] : squidLogin(directory, login)),
    ...denied.map((host) => `acl denied dstdomain ${host}`),
    ...(denied.length === 0 ? [] : ['http_access deny denied']),
    login === undefined ? 'http_access allow all' : 'http_access allow known',
    'http_access deny all',
    `access_log stdio:${log}`,
    'cache deny all',
    'cache_log /dev/null',
    'pid_filename none',
    `coredump_dir ${directory}`,
    'pinger_enable off',
    'shutdown_lifetime 0 seconds',
    'visible_hostname proxy.test',
    'forwarded_for delete',
    'buffered_logs off',
  ];
}

function squidLogin(directory: string, { name, password }: { name: string; password: string }): string[] {
  const file = join(directory, 'passwords');
  const hash = execFileSync('openssl', ['passwd', '-apr1', '-stdin'], { input: password, timeout: 10_000 });
  writeFileSync(file, `${name}:${hash.toString().trim()}\n`);
  return [
    `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${file}`,
    'auth_param basic realm corporate',
    'auth_param basic children 1',
    'acl known proxy_auth REQUIRED',
  ];
}

function tinyproxy({ directory, port, log, login, denied = [] }: StartOptions): string[] {
  const filter = join(directory, 'filter');
  writeFileSync(filter, denied.map((host) => `^${host.replaceAll('.', '\\.')}`).join('\n'));
  return [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 600',
    `LogFile "${log}"`,
    'LogLevel Connect',
    'MaxClients 200',
    ...(login === undefined ? [] : [`BasicAuth ${login.name} ${login.password}`]),
    ...(denied.length === 0 ? [] : [`Filter "${filter}"`, 'FilterExtended On']),
  ];
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @returns false where it ended, because the port was taken, say */
async function comesUp(child: ChildProcess, port: number): Promise<boolean> {
  const accepts = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  const settled = async () => (child.exitCode !== null ? 'ended' : (await accepts()) && 'up');
  return (await poll(settled, { timeoutMs: 15_000, everyMs: 50, what: 'the proxy' })) === 'up';
}

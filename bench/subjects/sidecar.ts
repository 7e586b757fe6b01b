import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { version } from '../../src/version.ts';
import type { Build } from '../build.ts';
import type { Contender, Setting, Subject } from '../contenders.ts';
import { run } from '../processes.ts';

/** The sidecar, built, and with what it gets in the image. */
export const sidecar = (name: string, requests: 'all' | 'failures'): Contender => ({
  name,
  version,
  share: 1,
  start: (setting) => startSidecar(setting, oneServer(setting), { requests }),
});

/** Servers by their names, as in the configuration. */
export type Servers = Readonly<Record<string, { readonly url: string; readonly ssl_verify: string }>>;

/** The server that all proxies have. */
export const oneServer = ({ upstreamPort, caFile }: Pick<Setting, 'upstreamPort' | 'caFile'>): Servers => ({
  bench: { url: `https://localhost:${upstreamPort}/`, ssl_verify: caFile },
});

/** A sidecar that runs, with what belongs to it alone. */
export interface SidecarSubject extends Subject {
  readonly adminPort: number;
  /** The certificate that clients of the CONNECT route trust. */
  readonly localCa: string;
  /** Puts another configuration in the place of its own, by a rename. */
  readonly writeServers: (servers: Servers) => void;
}

export interface SidecarOptions {
  readonly requests?: 'all' | 'failures';
  readonly way?: Way;
}

/** As the image runs it, as the package does, or from a checkout. */
export type Way = 'image' | 'package' | 'source';

export async function startSidecar(
  { directory, build }: Pick<Setting, 'directory' | 'build'>,
  servers: Servers,
  { requests = 'failures', way = 'image' }: SidecarOptions = {},
): Promise<SidecarSubject> {
  const own = ownDirectory(directory);
  const configFile = join(own, 'config.yaml');
  const writeServers = (next: Servers) => {
    writeFileSync(`${configFile}.new`, renderConfig(next, requests));
    renameSync(`${configFile}.new`, configFile);
  };
  writeServers(servers);
  const child = runSidecar(build, way, own);
  const { proxy, admin } = await untilReady(child);
  return {
    ...{ child, pid: child.pid ?? 0, port: proxy, prefix: '/bench', adminPort: admin, writeServers },
    localCa: join(own, 'mcp-tls-sidecar-ca/ca.pem'),
  };
}

/** A new place for a sidecar's files: it makes its CA at every such start. */
export function ownDirectory(parent: string): string {
  mkdirSync(parent, { recursive: true });
  return mkdtempSync(join(parent, 'sidecar-'));
}

/** Line by line, as people write it. */
export function renderConfig(servers: Servers, requests: 'all' | 'failures'): string {
  const entries = Object.entries(servers).map(
    ([name, { url, ssl_verify }]) =>
      `  ${name}:\n    url: ${url}\n    transport: http\n    ssl_verify: ${ssl_verify}\n`,
  );
  return `mcp_servers:\n${entries.join('')}mcp_tls_sidecar:\n  log: { requests: ${requests} }\n`;
}

/** Starts the command in a directory that has its `config.yaml`. */
export function runSidecar(build: Build, way: Way, own: string): ChildProcess {
  const profile = process.env['BENCH_CPU_PROFILE'];
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const flags = way === 'image' ? build.flags : [];
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const args = [
    ...flags,
    ...profiling,
    build.main[way],
    'serve',
    '--config',
    join(own, 'config.yaml'),
    ...ports,
  ];
  const told = { ...(way === 'image' ? build.env : {}), STATE_DIRECTORY: join(own, 'state') };
  return run(process.execPath, args, 'proxy', { cwd: own, env: told });
}

/** Waits for the line that tells the ports. */
export function untilReady(child: ChildProcess): Promise<{ proxy: number; admin: number }> {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = () => reject(new Error(`the sidecar ended before it was ready: ${log.slice(-2000)}`));
    child.once('exit', fail);
    const read = (text: string) => {
      log += text;
      const [, proxy, admin] = /"proxy":"[^"]*:(\d+)","admin":"[^"]*:(\d+)"/.exec(log) ?? [];
      if (proxy === undefined) return;
      child.off('exit', fail);
      // From here on the log is only taken away.
      child.stdout?.off('data', read).resume();
      resolve({ proxy: Number(proxy), admin: Number(admin) });
    };
    child.stdout?.setEncoding('utf8').on('data', read);
  });
}

import { spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { version } from '../src/version.ts';
import { portOf, runModule, runProgram } from './processes.ts';

/** What is behind every proxy. */
export interface World {
  readonly directory: string;
  readonly upstreamPort: number;
  readonly caFile: string;
}

/** A proxy that runs. */
export interface Subject {
  readonly child: ChildProcess;
  readonly port: number;
  /** What stands before the path of a request. */
  readonly prefix: string;
}

/** A proxy to measure. */
export interface Contender {
  readonly name: string;
  readonly version: string;
  readonly start: (world: World) => Promise<Subject>;
}

const nginx = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'].find((path) =>
  existsSync(path),
);

/** Those that are installed here. */
export function contenders(): Contender[] {
  return [
    { name: 'sidecar', version, start: (world) => startSidecar(world, 'all') },
    // The others log nothing.
    { name: 'sidecar (log.requests: failures)', version, start: (world) => startSidecar(world, 'failures') },
    { name: 'http-proxy', version: httpProxyVersion(), start: startHttpProxy },
    ...(nginx === undefined ? [] : [{ name: 'nginx', version: nginxVersion(nginx), start: startNginx }]),
  ];
}

async function startSidecar({ directory, upstreamPort, caFile }: World, requests: string): Promise<Subject> {
  const config = join(directory, `sidecar-${requests}.yaml`);
  const servers = { bench: { url: `https://localhost:${upstreamPort}/`, ssl_verify: caFile } };
  writeFileSync(config, JSON.stringify({ mcp_servers: servers, mcp_tls_sidecar: { log: { requests } } }));
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const profile = process.env['BENCH_CPU_PROFILE'];
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const args = [
    ...flags,
    main,
    'serve',
    '--config',
    config,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ];
  const child = runProgram(process.execPath, args, 'proxy');
  const port = await new Promise<number>((resolve, reject) => {
    let log = '';
    child.once('exit', () => reject(new Error(`the sidecar ended: ${log}`)));
    const read = (text: string) => {
      log += text;
      const proxy = /"proxy":"[^"]*:(\d+)"/.exec(log)?.[1];
      if (proxy === undefined) return;
      // From here on the log is only taken away.
      child.stdout?.off('data', read).resume();
      resolve(Number(proxy));
    };
    child.stdout?.setEncoding('utf8').on('data', read);
  });
  return { child, port, prefix: '/bench' };
}

async function startHttpProxy({ upstreamPort, caFile }: World): Promise<Subject> {
  const child = runModule('http-proxy.ts', [String(upstreamPort), caFile], 'proxy');
  return { child, port: await portOf(child), prefix: '' };
}

async function startNginx({ directory, upstreamPort, caFile }: World): Promise<Subject> {
  const port = await freePort();
  const config = join(directory, 'nginx.conf');
  writeFileSync(config, nginxConfig({ directory, upstreamPort, caFile, port }));
  const child = runProgram(
    nginx ?? '',
    ['-p', directory, '-e', join(directory, 'nginx-error.log'), '-c', config],
    'proxy',
  );
  while (!(await accepts(port))) if (child.exitCode !== null) throw new Error('nginx did not start');
  return { child, port, prefix: '' };
}

/** One process in the foreground, nothing of the system's: no pid file, no log, no directory. */
function nginxConfig({ directory, upstreamPort, caFile, port }: World & { port: number }): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (one) => `${one}_temp_path ${directory}/${one};`,
  );
  return `daemon off; master_process off; pid ${directory}/nginx.pid; error_log ${directory}/nginx-error.log;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; ${temporary.join(' ')}
  upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass https://bench; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost:${upstreamPort};
      proxy_ssl_verify on; proxy_ssl_trusted_certificate ${caFile}; proxy_ssl_name localhost; proxy_ssl_server_name on;
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 1h;
    }
  }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' }).then(
    ({ ok }) => ok,
    () => false,
  );
}

function httpProxyVersion(): string {
  return (createRequire(import.meta.url)('http-proxy/package.json') as { version: string }).version;
}

function nginxVersion(path: string): string {
  return /nginx\/(\S+)/.exec(spawnSync(path, ['-v'], { encoding: 'utf8' }).stderr)?.[1] ?? 'unknown';
}

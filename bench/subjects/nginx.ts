import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Setting } from '../contenders.ts';
import { versionOf } from './find-program.ts';
import { freePort, startServer } from './start-server.ts';

const version = versionOf('nginx', '-v', /nginx\/(\S+)/);

/** nginx, one process in the foreground; its log, if any, goes into a file. */
export const nginx = (name: string, logs: boolean): Contender => ({
  name,
  version,
  share: 1,
  async start(setting) {
    const port = await freePort();
    return startServer('nginx', nginxArguments(setting.directory, proxyConfig(setting, port, logs)), port);
  },
});

/** Writes a configuration that touches nothing of the system's. @returns the arguments that name it */
export function nginxArguments(directory: string, http: string): string[] {
  mkdirSync(directory, { recursive: true });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((one) => `${one}_temp_path ${directory}/${one};`)
    .join(' ');
  const errors = join(directory, 'error.log');
  const text = `daemon off; master_process off; pid ${directory}/pid; error_log ${errors};
worker_rlimit_nofile 16384;
events { worker_connections 15000; }
http {
  keepalive_requests 100000000; keepalive_timeout 1h; ${temporary}
  ${http}
}
`;
  writeFileSync(join(directory, 'nginx.conf'), text);
  return ['-p', directory, '-e', errors, '-c', join(directory, 'nginx.conf')];
}

/** What the sidecar's line has: when, who, what came of it, and how long it took. */
const log = (
  directory: string,
) => `log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method","path":"$uri",'
    '"status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"upstream":"$upstream_addr","upstream_seconds":"$upstream_header_time"}';
  access_log ${directory}/access.log json;`;

const proxyConfig = ({ directory, upstreamPort, caFile }: Setting, port: number, logs: boolean) => `
  ${logs ? log(directory) : 'access_log off;'}
  upstream bench { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 100000000; keepalive_timeout 1h; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass https://bench; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host localhost:${upstreamPort};
      proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_verify on; proxy_ssl_verify_depth 4; proxy_ssl_trusted_certificate ${caFile};
      proxy_ssl_name localhost; proxy_ssl_server_name on;
      proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 1h;
    }
  }`;

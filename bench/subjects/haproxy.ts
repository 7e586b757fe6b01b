import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openFilesLimit } from '../clocks.ts';
import type { Contender, Setting } from '../contenders.ts';
import { versionOf } from './find-program.ts';
import { freePort, startServer } from './start-server.ts';

/** HAProxy with one thread, in the foreground. */
export const haproxy: Contender = {
  name: 'HAProxy',
  version: versionOf('haproxy', '-v', /version (\S+)/),
  share: 1,
  async start(setting) {
    const port = await freePort();
    mkdirSync(setting.directory, { recursive: true });
    const file = join(setting.directory, 'haproxy.cfg');
    writeFileSync(file, config(setting, port));
    return startServer('haproxy', ['-db', '-q', '-f', file], port);
  },
};

/** A connection needs a file on each side. */
const connections = Math.min(7_000, Math.floor(openFilesLimit() / 2) - 100);

const config = ({ upstreamPort, caFile }: Setting, port: number) => `global
  nbthread 1
  maxconn ${connections}
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  http-reuse always
  option http-no-delay
frontend in
  bind 127.0.0.1:${port} backlog 1024
  default_backend out
backend out
  http-request set-header Host localhost:${upstreamPort}
  server bench 127.0.0.1:${upstreamPort} ssl verify required ca-file ${caFile} sni str(localhost) verifyhost localhost pool-purge-delay 1h
`;

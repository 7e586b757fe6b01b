import { join } from 'node:path';
import type { Contender } from '../contenders.ts';
import { versionOf } from './find-program.ts';
import { freePort, startServer } from './start-server.ts';

/** mitmdump as a reverse proxy: it keeps and shows no flow. */
export const mitmproxy: Contender = {
  name: 'mitmproxy',
  version: versionOf('mitmdump', '--version', /Mitmproxy: (\S+)/),
  share: 0.1,
  async start({ directory, upstreamPort, caFile }) {
    const port = await freePort();
    const options = [
      `confdir=${join(directory, 'mitmproxy')}`,
      `ssl_verify_upstream_trusted_ca=${caFile}`,
      'stream_large_bodies=1m',
    ];
    const listen = ['--listen-host', '127.0.0.1', '--listen-port', String(port)];
    return startServer(
      'mitmdump',
      [
        ...['--quiet', '--mode', `reverse:https://localhost:${upstreamPort}`, ...listen],
        ...options.flatMap((option) => ['--set', option]),
      ],
      port,
    );
  },
};

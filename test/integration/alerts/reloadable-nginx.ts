import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { Leaf } from '../../../certs-fixtures/issue-leaf.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { listen } from '../../harness/listen.ts';
import { poll } from '../../harness/poll.ts';
import { endNow } from '../../harness/run-command.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

export interface ReloadableNginx {
  readonly port: number;
  /** Replaces the certificate and key on disk and reloads, as the owner of a server does. */
  readonly install: (leaf: Leaf) => void;
}

/** nginx with its certificate in files. It has no port 0: it listens on a Unix socket, with a free port in front. */
export async function startReloadableNginx(leaf: Leaf): Promise<ReloadableNginx> {
  const directory = temporaryDirectory();
  const socketPath = join(directory, 'nginx.sock');
  const writeLeaf = ({ chain, key }: Leaf) => {
    writeFileSync(join(directory, 'chain.pem'), chain);
    writeFileSync(join(directory, 'chain.key'), key, { mode: 0o600 });
  };
  writeLeaf(leaf);
  writeFileSync(join(directory, 'nginx.conf'), configOf(directory, socketPath));
  const args = ['-p', directory, '-e', join(directory, 'error.log'), '-c', join(directory, 'nginx.conf')];
  const child = spawn('nginx', args, { stdio: 'ignore' });
  // Not endNow alone: a master that is killed leaves its workers behind.
  cleanUp(async () => {
    child.kill('SIGTERM');
    await poll(() => child.exitCode !== null, { what: 'the end of nginx' }).catch(() => endNow(child));
  });
  const front = createServer((socket) => {
    pipeline(socket, connect(socketPath), socket, () => undefined);
  });
  const { port, authority } = await listen(front);
  await poll(() => fetchRefused(authority), { what: 'nginx', timeoutMs: 10_000 });
  return {
    port,
    install: (next) => {
      writeLeaf(next);
      child.kill('SIGHUP');
    },
  };
}

/** Plain http at its TLS port is answered with 400. */
async function fetchRefused(authority: string): Promise<boolean> {
  const { status } = await fetch(`http://${authority}/`, { signal: AbortSignal.timeout(2_000) });
  return status === 400;
}

/** With a worker, so that a reload ends idle connections: whoever comes again sees the new certificate. */
function configOf(directory: string, socketPath: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log; events {}
    http { access_log off; ${paths.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
      server { listen unix:${socketPath} ssl;
        ssl_certificate ${directory}/chain.pem; ssl_certificate_key ${directory}/chain.key;
        location / { default_type application/json; return 200 '{"jsonrpc":"2.0","id":1,"result":{}}'; } } }`;
}

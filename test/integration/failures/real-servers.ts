import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Setup } from '../../../certs-fixtures/situation.ts';
import type { SituationFiles } from '../../../certs-fixtures/write-situation.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { listen } from '../../harness/listen.ts';
import { poll } from '../../harness/poll.ts';
import { endNow } from '../../harness/run-command.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** What a server is told, whatever software it is. */
export interface ServerFiles {
  readonly chain: string;
  readonly key: string;
  /** The CA whose clients it lets in; undefined: all. */
  readonly clientCa: string | undefined;
  /** The one version that it speaks; undefined: all that it has. */
  readonly version: '1.1' | '1.2' | '1.3' | undefined;
}

/** The files of a situation, as servers are given them. */
export function serverFiles({ server }: Setup, { chain, leaf }: SituationFiles): ServerFiles {
  if (typeof server === 'string' || chain === undefined || leaf === undefined)
    throw new Error('no TLS server presents this');
  const { ca, maxVersion } = server.tls ?? {};
  const clientCa = join(temporaryDirectory(), 'clients.pem');
  if (ca !== undefined) writeFileSync(clientCa, String(ca));
  return {
    chain,
    key: leaf.replace(/\.pem$/, '.key'),
    clientCa: ca === undefined ? undefined : clientCa,
    version: maxVersion === undefined ? undefined : versions[maxVersion],
  };
}

const versions = { TLSv1: undefined, 'TLSv1.1': '1.1', 'TLSv1.2': '1.2', 'TLSv1.3': '1.3' } as const;
/** TLS 1.1 signs by SHA-1, which is below level 1. */
const anyCipher = 'DEFAULT:@SECLEVEL=0';

/** `openssl s_server`. Returns its port. */
export async function startOpenssl({ chain, key, clientCa, version }: ServerFiles): Promise<number> {
  const child = start('openssl', [
    ...['s_server', '-accept', '127.0.0.1:0', '-www', '-cert', chain, '-cert_chain', chain, '-key', key],
    ...(clientCa === undefined ? [] : ['-Verify', '1', '-verify_return_error', '-CAfile', clientCa]),
    ...(version === undefined ? [] : [`-tls${version.replace('.', '_')}`, '-cipher', anyCipher]),
  ]);
  return portIn(child, /ACCEPT 127\.0\.0\.1:(\d+)/);
}

/** `ssl.SSLContext` of Python, as uvicorn and others serve with it. Returns its port. */
export function startPython(python: string, files: ServerFiles): Promise<number> {
  const script = fileURLToPath(new URL('python-server.py', import.meta.url));
  const { chain, key, clientCa = '', version = '' } = files;
  return portIn(start(python, [script, chain, key, clientCa, version]), /listening on (\d+)/);
}

/** nginx, which has no port 0: it listens on a Unix socket, with a free port in front. Returns that. */
export async function startNginx({ chain, key, clientCa, version }: ServerFiles): Promise<number> {
  const directory = temporaryDirectory();
  const socketPath = join(directory, 'nginx.sock');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log; events {}
     http { access_log off; ${paths.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
       server { listen unix:${socketPath} ssl; ssl_certificate ${chain}; ssl_certificate_key ${key};
         ${clientCa === undefined ? '' : `ssl_client_certificate ${clientCa}; ssl_verify_client on;`}
         ssl_ciphers ${anyCipher}; ssl_protocols ${version === undefined ? 'TLSv1.2 TLSv1.3' : `TLSv${version}`};
         location / { return 200 ok; } } }`,
  );
  start('nginx', ['-p', directory, '-e', join(directory, 'error.log'), '-c', config]);
  await poll(() => canConnect(socketPath), { what: 'nginx', timeoutMs: 10_000 });
  const front = createServer((socket) => {
    const inner = connect(socketPath);
    pipeline(socket, inner, socket, () => undefined);
  });
  return (await listen(front)).port;
}

function start(file: string, args: readonly string[]): ChildProcess {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  cleanUp(() => endNow(child));
  return child;
}

async function portIn(child: ChildProcess, pattern: RegExp): Promise<number> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const found = await poll(() => pattern.exec(stdout), { what: 'the server', timeoutMs: 10_000 }).catch(
    (error: unknown) => {
      throw new Error(`the server did not start: ${stderr}`, { cause: error });
    },
  );
  return Number(found[1]);
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

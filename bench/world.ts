import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCa } from '../certs-fixtures/create-ca.ts';
import { build, type Build } from './build.ts';
import { pause } from './clocks.ts';
import type { Job, JobResult } from './programs/load.ts';
import { answers } from './programs/messages.ts';
import { endAll, portOf, run, runProgram } from './processes.ts';
import { findProgram } from './subjects/find-program.ts';
import { nginxArguments } from './subjects/nginx.ts';
import { accepts, freePort } from './subjects/start-server.ts';

/** What is around the proxies: servers that a CA certifies, and a client. */
export interface World {
  readonly directory: string;
  readonly caFile: string;
  /** A leaf of it for `localhost`, with its chain, and its key. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly build: Build;
  /** A server of Node's: event streams, and what else it takes a program for. */
  readonly server: { readonly port: number };
  /** Behind the requests that are measured: nginx where there is one, which leaves its CPU to the client. */
  readonly fast: { readonly name: string; readonly port: number };
  readonly load: ChildProcess;
  readonly bulkBytes: number;
}

/** @param bulkBytes the length of the body at `/bulk` */
export async function createWorld(bulkBytes: number): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-tls-sidecar-bench-'));
  process.once('exit', () => removeWorld(directory));
  const files = writeCertificates(directory);
  const child = runProgram('upstream.ts', [files.certificate, files.key, String(bulkBytes)], 'rest');
  const server = { port: await portOf(child) };
  const fastPort = await startNginx(directory, files, bulkBytes);
  return {
    ...{ directory, caFile: files.ca, certificateFile: files.certificate, keyFile: files.key },
    ...{ server, bulkBytes },
    build: build(join(directory, 'checkout')),
    fast: { name: fastPort === undefined ? 'node:https' : 'nginx', port: fastPort ?? server.port },
    load: runProgram('load.ts', [], 'rest'),
  };
}

/** Ends all that was started and takes its files away, as the end of the process does. */
export function removeWorld(directory: string): void {
  endAll();
  rmSync(directory, { recursive: true, force: true });
}

/** Has the client do a job. */
export async function ask({ load }: World, job: Job): Promise<JobResult> {
  load.send(job);
  const [result] = (await once(load, 'message')) as [JobResult];
  if (result.error !== undefined) throw new Error(`${JSON.stringify(job)}: ${result.error}`);
  return result;
}

interface Files {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** P-256 throughout, as the leaves of the sidecar's own CA are. */
function writeCertificates(directory: string): Files {
  const ca = createCa();
  const leaf = ca.issue(['localhost', '127.0.0.1']);
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  return {
    ca: write('ca.pem', ca.pem),
    certificate: write('leaf.pem', leaf.chain),
    key: write('key.pem', leaf.key),
  };
}

async function startNginx(parent: string, files: Files, bulkBytes: number): Promise<number | undefined> {
  const command = findProgram('nginx');
  if (command === undefined) return undefined;
  const directory = join(parent, 'upstream');
  const port = await freePort();
  const byLength = [...answers].map(([bytes, answer]) => `${bytes} '${answer}';`).join(' ');
  const http = `access_log off; default_type application/json;
  map $content_length $answer { ${byLength} }
  server {
    listen 127.0.0.1:${port} ssl backlog=1024;
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;
    ssl_certificate ${files.certificate}; ssl_certificate_key ${files.key};
    location = /bulk { root ${directory}; }
    location / { return 200 $answer; }
  }`;
  const args = nginxArguments(directory, http);
  // All hole: it takes no room, and reads as zeros.
  writeFileSync(join(directory, 'bulk'), '');
  truncateSync(join(directory, 'bulk'), bulkBytes);
  const child = run(command, args, 'rest');
  child.stdout?.resume();
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error('nginx did not start as the server behind the proxies');
    await pause(20);
  }
  return port;
}

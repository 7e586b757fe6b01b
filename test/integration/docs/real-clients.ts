import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

/** A server that is to be asked. */
export interface Subject {
  readonly url: string;
  /** The CA file that the client is given; left out, it goes by its environment. */
  readonly bundle?: string;
}

/** The environment of a client, over PATH and HOME. */
export type Variables = Readonly<Record<string, string>>;

/** Asks each, and returns what its error says; empty where there is none. */
export type Ask = (subjects: readonly Subject[], env?: Variables) => Promise<readonly string[]>;

export const pythonNames = ['ssl', 'urllib', 'httpx', 'requests', 'urllib3', 'aiohttp'] as const;
export const nodeNames = ['fetch', 'https'] as const;

/** An interpreter that has requirements.txt installed, as CI names it; undefined (or a failure, in CI) for none. */
export function pythonWithClients(): string | undefined {
  const path = process.env['MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS'] ?? '';
  if (existsSync(path)) return path;
  if (process.env['MCP_TLS_SIDECAR_TEST_NO_SKIPS'] === '1')
    throw new Error('MCP_TLS_SIDECAR_TEST_PYTHON_CLIENTS names no Python, and no test may be skipped');
  return undefined;
}

export function askByPython(python: string, client: (typeof pythonNames)[number]): Ask {
  return (subjects, env) =>
    askChild(
      [python, join(import.meta.dirname, 'python-clients.py')],
      subjects.map(({ url, bundle }) => ({ client, url, bundle })),
      env,
    );
}

/** Trusts what NODE_EXTRA_CA_CERTS names, for Node takes no bundle for one request of `fetch`. */
export function askByNode(client: (typeof nodeNames)[number]): Ask {
  const script = fileURLToPath(new URL('node-clients.ts', import.meta.url));
  return (subjects, env) =>
    askChild(
      [process.execPath, script],
      subjects.map(({ url }) => ({ url, client })),
      env,
    );
}

export function askByCurl(): Ask {
  // Else the directory of the system is believed beside the file.
  const emptyDirectory = temporaryDirectory();
  return (subjects, env) =>
    Promise.all(
      subjects.map(async ({ url, bundle }) => {
        const { hostname, port } = new URL(url);
        const trust = bundle === undefined ? [] : ['--cacert', bundle, '--capath', emptyDirectory];
        const args = ['-q', '-sS', '-o', '/dev/null', '--max-time', '10', ...trust];
        const { stderr } = await run(
          ['curl', ...args, '--resolve', `${hostname}:${port || '443'}:127.0.0.1`, url],
          '',
          env,
        );
        return stderr.split('\n')[0] ?? '';
      }),
    );
}

/** Where validate.sh looks for it too. */
export async function findGo(): Promise<string | undefined> {
  for (const path of ['go', '/usr/local/go/bin/go'])
    if ((await run([path, 'version'])).stdout.startsWith('go version')) return path;
  return undefined;
}

/** Builds the client; a minute or two where Go has nothing in its cache. */
export async function askByGo(go: string): Promise<Ask> {
  const program = join(temporaryDirectory(), 'client');
  const source = fileURLToPath(new URL('go-client/main.go', import.meta.url));
  const { code, stderr } = await run([go, 'build', '-o', program, source]);
  if (code !== 0) throw new Error(`the Go client does not build: ${stderr}`);
  return (subjects, env) => askChild([program], subjects, env);
}

async function askChild(
  command: readonly string[],
  subjects: readonly object[],
  env: Variables = {},
): Promise<readonly string[]> {
  const { stdout, stderr } = await run(command, JSON.stringify(subjects), env);
  try {
    return JSON.parse(stdout) as string[];
  } catch (cause) {
    throw new Error(`${command.join(' ')} failed: ${stderr}`, { cause });
  }
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Proxy and CA variables of the machine do not reach it. */
function run([file = '', ...args]: readonly string[], input = '', env: Variables = {}): Promise<Result> {
  const own = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env };
  return new Promise((resolve) => {
    const child = execFile(file, args, { env: own, timeout: 150_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined).end(input);
  });
}

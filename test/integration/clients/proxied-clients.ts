import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { initialize } from '../../../examples/demo/strict-python.ts';
import { node24, strictPython, toolMissing } from '../../harness/require-tool.ts';

/** How a client ended. */
export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A client that knows of the sidecar by `HTTPS_PROXY` and of its CA by one file, in a process of its own. */
export interface ProxiedClient {
  readonly name: string;
  /** What it takes is not here. */
  readonly missing: boolean;
  /** What it says once it has talked to the reference MCP server. */
  readonly says: string;
  /** @param proxyUrl undefined: directly */
  readonly run: (url: string, caFile: string, proxyUrl?: string) => Promise<Ran>;
}

const python = strictPython();
const nodes = { 24: node24(), 26: process.execPath };

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** One POST, as JavaScript that needs nothing but Node. */
const fetchOnce = `
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const response = await fetch(process.argv[1], { method: 'POST', headers, body: process.argv[2] });
console.log(await response.text());
`;

function nodeFetch(version: 24 | 26): ProxiedClient {
  const path = nodes[version] ?? '';
  return {
    name: `fetch of Node ${version} with NODE_USE_ENV_PROXY`,
    missing: path === '',
    says: 'mcp-servers/everything',
    run: (url, caFile, proxyUrl) => {
      const args = ['--input-type=module', '-e', fetchOnce, url, initialize];
      return execute(path, args, { ...nodeEnv(proxyUrl), NODE_EXTRA_CA_CERTS: caFile });
    },
  };
}

function curl(how: '--cacert' | 'CURL_CA_BUNDLE'): ProxiedClient {
  return {
    name: `curl with ${how}`,
    missing: toolMissing('curl'),
    says: 'mcp-servers/everything',
    run: (url, caFile, proxyUrl) => {
      const fields = ['Content-Type: application/json', 'Accept: application/json, text/event-stream'];
      const said = ['-sS', '--max-time', '10', ...fields.flatMap((field) => ['-H', field]), '-d', initialize];
      const [args, env] = how === '--cacert' ? [[how, caFile], {}] : [[], { [how]: caFile }];
      return execute('curl', [...said, ...args, url], { ...proxyEnv(proxyUrl), ...env });
    },
  };
}

/** All that has to work unchanged. */
export const proxiedClients: readonly ProxiedClient[] = [
  {
    name: 'CPython with strict verification',
    missing: python === undefined,
    says: '"echo"',
    run: (url, caFile, proxyUrl) => {
      const args = [script('python-client.py'), url, caFile, ...(python?.needsFlags ? ['--strict'] : [])];
      return execute(python?.path ?? '', args, proxyEnv(proxyUrl));
    },
  },
  curl('--cacert'),
  curl('CURL_CA_BUNDLE'),
  nodeFetch(24),
  nodeFetch(26),
  {
    name: 'the MCP TypeScript SDK, v1 and v2',
    missing: false,
    says: '"echo"',
    run: (url, caFile, proxyUrl) =>
      execute(process.execPath, [script('sdk-child.ts'), url], {
        ...nodeEnv(proxyUrl),
        NODE_EXTRA_CA_CERTS: caFile,
      }),
  },
];

const proxyEnv = (proxyUrl: string | undefined): Record<string, string> =>
  proxyUrl === undefined ? {} : { HTTPS_PROXY: proxyUrl };

const nodeEnv = (proxyUrl: string | undefined): Record<string, string> => ({
  ...proxyEnv(proxyUrl),
  NODE_USE_ENV_PROXY: '1',
});

/** Runs a client to its end, with nothing of the machine's own proxies and CAs in its environment. */
export function execute(file: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 20_000 };
  return new Promise((resolve) => {
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}
